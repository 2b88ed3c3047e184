#include "netlink_window.h"

#include "check.h"
#include "scratch.h"

namespace netloom::test {

namespace {

constexpr int kMalformed = EINVAL;

Bytes nops(std::size_t count, int flags, std::uint32_t first_seq = 1) {
  Bytes request;
  for (std::size_t i = 0; i < count; ++i) {
    request = std::move(request) + message(NLMSG_NOOP, flags, first_seq + static_cast<std::uint32_t>(i));
  }
  return request;
}

Bytes answer(int type, std::uint32_t seq, int error, int flags = NLM_F_CAPPED, std::size_t payload = 16) {
  Bytes body;
  append(body, -error);
  body.resize(4 + payload);
  Bytes bytes = message(type, flags, seq, body);
  return bytes;
}

void set_length(Bytes& bytes, std::uint32_t length) { std::memcpy(bytes.data(), &length, sizeof length); }

}  // namespace

TEST(parse_request_takes_whole_messages) {
  const Bytes odd = message(NLMSG_NOOP, 0, 8, Bytes(3));
  const Bytes request = message(NLMSG_NOOP, 0, 7, Bytes(8)) + odd;
  const auto messages = parse_request(request);
  CHECK_EQUAL(messages.size(), 2U);
  CHECK_EQUAL(messages[1].offset, 24U);
  CHECK_EQUAL(messages[1].end(), 43U);
}

TEST(parse_request_refuses_what_is_malformed) {
  CHECK_ERROR(parse_request({}), kMalformed, "exchange");
  CHECK_ERROR(parse_request(Bytes(15)), kMalformed, "exchange");
  for (const std::uint32_t length : {0U, 15U, 17U, 0xfffffff0U, 0xffffffffU}) {
    Bytes request = message(NLMSG_NOOP, 0, 1);
    set_length(request, length);
    CHECK_ERROR(parse_request(request), kMalformed, "exchange");
  }
  CHECK_ERROR(parse_request(message(NLMSG_NOOP, 0, 1) + Bytes(4)), kMalformed, "exchange");
  CHECK_ERROR(parse_request(message(NLMSG_NOOP, 0, 1, Bytes(2)) + Bytes(1)), kMalformed, "exchange");
  CHECK_ERROR(parse_request(message(NLMSG_NOOP, 0, 1) + message(NLMSG_NOOP, 0, 3)), kMalformed, "exchange");
}

TEST(sequence_numbers_may_wrap) {
  const Bytes request = nops(3, NLM_F_ACK, 0xffffffff);
  const auto messages = parse_request(request);
  Window window(messages);
  Bytes replies;
  for (const std::uint32_t seq : {0xffffffffU, 0U, 1U}) window.take(answer(NLMSG_ERROR, seq, 0), replies);
  CHECK(window.answered());
}

TEST(a_window_fits_the_receive_buffer) {
  const Bytes changes = nops(3000, NLM_F_ACK | NLM_F_CREATE);
  const auto messages = parse_request(changes);
  CHECK_EQUAL(window_size(messages, WindowLimits::of(212992, 212992)), 128U);
  CHECK_EQUAL(window_size(messages, WindowLimits::of(2304, 212992)), 1U);
  CHECK_EQUAL(window_size(messages, WindowLimits::of(64 << 20, 212992)), 512U);
}

TEST(a_window_leaves_room_for_answers_with_an_object) {
  const Bytes gets = nops(100, NLM_F_ACK);
  const auto messages = parse_request(gets);
  CHECK_EQUAL(window_size(messages, WindowLimits::of(212992, 212992)), 10U);
  const Bytes echoes = nops(100, NLM_F_ACK | NLM_F_CREATE | NLM_F_ECHO);
  CHECK_EQUAL(window_size(parse_request(echoes), WindowLimits::of(212992, 212992)), 10U);
}

TEST(a_window_fits_the_send_buffer) {
  Bytes request;
  for (std::uint32_t seq = 1; seq <= 10; ++seq) {
    request = std::move(request) + message(NLMSG_NOOP, NLM_F_CREATE, seq, Bytes(1008));
  }
  const auto messages = parse_request(request);
  CHECK_EQUAL(window_size(messages, WindowLimits::of(1 << 20, 8192)), 4U);
  CHECK_EQUAL(window_size(messages, WindowLimits::of(1 << 20, 1024)), 1U);
}

TEST(a_window_ends_with_a_message_that_is_awaited) {
  // A link without acknowledgement, then its mark with one: torn apart, a kill would leave a link unmarked.
  Bytes pairs;
  for (std::uint32_t seq = 1; seq <= 400; seq += 2) {
    pairs = std::move(pairs) + nops(1, NLM_F_CREATE, seq) + nops(1, NLM_F_ACK | NLM_F_CREATE, seq + 1);
  }
  const auto messages = parse_request(pairs);
  for (const std::size_t buffer : {2304U, 8192U, 65536U, 212992U, 1U << 20}) {
    const auto limits = WindowLimits::of(buffer, 212992);
    for (std::size_t done = 0; done < messages.size();) {
      const std::size_t size = window_size(std::span(messages).subspan(done), limits);
      CHECK_EQUAL(size % 2, 0U);
      done += size;
    }
  }
  const Bytes unawaited = nops(3, NLM_F_CREATE) + nops(1, NLM_F_ACK, 4) + nops(4, NLM_F_ACK, 5);
  CHECK_EQUAL(window_size(parse_request(unawaited), WindowLimits::of(2304, 212992)), 4U);
}

TEST(a_dump_goes_alone) {
  const Bytes request = nops(2, NLM_F_ACK | NLM_F_CREATE) + dump_links(3) + nops(1, NLM_F_ACK, 4);
  const auto messages = parse_request(request);
  const auto limits = WindowLimits::of(212992, 212992);
  CHECK_EQUAL(window_size(messages, limits), 2U);
  CHECK_EQUAL(window_size(std::span(messages).subspan(2), limits), 1U);
}

TEST(a_window_is_answered_by_error_and_done_only) {
  const Bytes request = nops(2, NLM_F_ACK, 5) + nops(1, 0, 7);
  Window window(parse_request(request));
  Bytes replies;
  window.take(message(RTM_NEWLINK, NLM_F_MULTI, 5, Bytes(16)), replies);
  CHECK(!window.answered());
  window.take(answer(NLMSG_ERROR, 5, 0), replies);
  window.take(answer(NLMSG_ERROR, 5, 0), replies);  // twice counts once
  window.take(answer(NLMSG_ERROR, 7, EPERM), replies);
  CHECK(!window.answered());
  window.take(answer(NLMSG_DONE, 6, 0), replies);
  CHECK(window.answered());
  const auto answers = split(replies);
  CHECK_EQUAL(answers.size(), 3U);
  CHECK_EQUAL(answers[1].error, EPERM);
  CHECK_EQUAL(answers[2].header.nlmsg_type, NLMSG_DONE);
}

TEST(only_bare_acknowledgements_are_left_out) {
  const Bytes request = nops(3, NLM_F_ACK);
  Window window(parse_request(request));
  Bytes replies;
  window.take(answer(NLMSG_ERROR, 1, 0), replies);
  CHECK(replies.empty());
  window.take(answer(NLMSG_ERROR, 2, 0, NLM_F_CAPPED | NLM_F_ACK_TLVS, 16 + 8), replies);
  window.take(answer(NLMSG_ERROR, 3, EINVAL), replies);
  CHECK_EQUAL(split(replies).size(), 2U);
}

TEST(late_and_broken_answers_are_dropped) {
  const Bytes request = nops(2, NLM_F_ACK, 100);
  Window window(parse_request(request));
  Bytes replies;
  window.take(answer(NLMSG_ERROR, 99, EPERM) + answer(NLMSG_ERROR, 102, EPERM), replies);
  Bytes broken = answer(NLMSG_ERROR, 100, EPERM);
  set_length(broken, 4000);
  window.take(broken, replies);
  window.take(Bytes(9), replies);
  CHECK(replies.empty());
  CHECK(!window.answered());
}

TEST(answers_are_padded_to_four_bytes) {
  Window window(parse_request(nops(1, NLM_F_ACK)));
  Bytes replies;
  window.take(message(RTM_NEWLINK, 0, 1, Bytes(5)), replies);
  window.take(answer(NLMSG_ERROR, 1, EPERM), replies);
  CHECK_EQUAL(replies.size(), 24U + 36U);
}

}  // namespace netloom::test
