#include "netlink_socket.h"

#include <sys/socket.h>

#include <algorithm>
#include <thread>

#include "check.h"
#include "scratch.h"

namespace netloom::test {

namespace {

Bytes numbered_addresses(std::uint32_t count, std::uint32_t every_nth_is_a_duplicate) {
  Bytes request;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint32_t number = i % every_nth_is_a_duplicate == every_nth_is_a_duplicate - 1 ? i - 1 : i;
    request = std::move(request) + add_address(number + 1, i + 1);
  }
  return request;
}

std::size_t count_type(const Bytes& replies, int type) {
  const auto answers = split(replies);
  const auto of_type = [type](const Answer& answer) { return answer.header.nlmsg_type == type; };
  return static_cast<std::size_t>(std::ranges::count_if(answers, of_type));
}

}  // namespace

TEST(a_get_is_answered_with_its_object) {
  const ScratchNetns netns;
  const auto socket = netns.socket();
  const auto answers = split(socket->exchange(get_link("lo", 42)));
  CHECK_EQUAL(answers.size(), 1U);
  CHECK_EQUAL(answers[0].header.nlmsg_type, RTM_NEWLINK);
  CHECK_EQUAL(answers[0].header.nlmsg_seq, 42U);
  CHECK_EQUAL(answers[0].header.nlmsg_pid, socket->port_id());
}

TEST(a_request_without_ack_brings_what_is_queued) {
  const ScratchNetns netns;
  const auto socket = netns.socket();
  CHECK_EQUAL(count_type(socket->exchange(get_link("lo", 1, 0)), RTM_NEWLINK), 1U);
  CHECK_EQUAL(split(socket->exchange(get_link("none", 2, 0)))[0].error, ENODEV);
}

TEST(a_failing_request_does_not_stop_those_after_it) {
  const ScratchNetns netns;
  const auto socket = netns.socket();
  const Bytes request = create_bridge("br0", 1) + create_bridge("br0", 2) + create_bridge("br1", 3);
  const auto answers = split(socket->exchange(request));
  CHECK_EQUAL(answers.size(), 1U);
  CHECK_EQUAL(answers[0].error, EEXIST);
  CHECK_EQUAL(answers[0].header.nlmsg_seq, 2U);
  CHECK_EQUAL(count_type(socket->exchange(dump_links(4)), RTM_NEWLINK), 3U);
}

TEST(two_thousand_changes_pass_a_small_receive_buffer) {
  const ScratchNetns netns;
  const auto socket = netns.socket(4096);
  CHECK_EQUAL(socket->receive_buffer(), 8192);
  const auto answers = split(socket->exchange(numbered_addresses(2000, 10)));
  CHECK_EQUAL(answers.size(), 200U);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    CHECK_EQUAL(answers[i].error, EEXIST);
    CHECK_EQUAL(answers[i].header.nlmsg_seq, 10 * (i + 1));
  }
}

TEST(many_gets_pass_the_default_receive_buffer) {
  const ScratchNetns netns;
  const auto socket = netns.socket();
  Bytes request;
  for (std::uint32_t seq = 1; seq <= 1000; ++seq) request = std::move(request) + get_link("lo", seq);
  CHECK_EQUAL(count_type(socket->exchange(request), RTM_NEWLINK), 1000U);
}

TEST(a_dump_of_many_datagrams_is_whole) {
  const ScratchNetns netns;
  const auto socket = netns.socket();
  socket->exchange(numbered_addresses(2000, 2000));
  Bytes payload;
  append(payload, ifaddrmsg{});
  const Bytes replies = socket->exchange(message(RTM_GETADDR, NLM_F_DUMP, 9000, payload));
  CHECK_EQUAL(count_type(replies, RTM_NEWADDR), 1999U);
  CHECK_EQUAL(split(replies).back().header.nlmsg_type, NLMSG_DONE);
}

TEST(dumps_and_changes_mix_in_one_request) {
  const ScratchNetns netns;
  const auto socket = netns.socket();
  const Bytes request = dump_links(1) + create_bridge("br0", 2) + dump_links(3) + get_link("none", 4);
  const Bytes replies = socket->exchange(request);
  CHECK_EQUAL(count_type(replies, RTM_NEWLINK), 3U);
  CHECK_EQUAL(count_type(replies, NLMSG_DONE), 2U);
  CHECK_EQUAL(split(replies).back().error, ENODEV);
}

TEST(a_dump_that_is_refused_is_an_answer) {
  const ScratchNetns netns;
  ifinfomsg strict{};
  strict.ifi_type = 77;
  Bytes payload;
  append(payload, strict);
  const auto answers = split(netns.socket()->exchange(message(RTM_GETLINK, NLM_F_DUMP, 1, payload)));
  CHECK_EQUAL(answers.size(), 1U);
  CHECK_EQUAL(answers[0].error, EINVAL);
}

TEST(malformed_requests_are_not_sent) {
  const ScratchNetns netns;
  const auto socket = netns.socket();
  CHECK_ERROR(socket->exchange({}), EINVAL, "exchange");
  CHECK_ERROR(socket->exchange(create_bridge("br0", 1) + Bytes(3)), EINVAL, "exchange");
  CHECK_EQUAL(count_type(socket->exchange(dump_links(2)), RTM_NEWLINK), 1U);
}

TEST(a_transport_failure_tells_what_was_completed) {
  const ScratchNetns netns;
  const auto socket = netns.socket();
  const Bytes oversized = message(RTM_NEWLINK, NLM_F_ACK, 3, Bytes(1 << 20));
  const Bytes request = create_bridge("br0", 1) + create_bridge("br1", 2) + oversized;
  const SystemError error = CHECK_ERROR(socket->exchange(request), EMSGSIZE, "sendmsg");
  CHECK_EQUAL(error.completed.value(), 2U);
  CHECK_EQUAL(count_type(socket->exchange(dump_links(4)), RTM_NEWLINK), 3U);
}

TEST(lost_answers_are_enobufs_and_the_socket_stays_usable) {
  const ScratchNetns netns;
  const auto socket = netns.socket(4096);
  const auto other = netns.socket();
  socket->join(RTNLGRP_LINK);
  for (std::uint32_t i = 0; i < 20; ++i) other->exchange(create_bridge("br" + std::to_string(i), 1000 + i));
  CHECK_ERROR(socket->exchange(get_link("lo", 1)), ENOBUFS, "recvmmsg");
  CHECK_EQUAL(count_type(socket->exchange(get_link("lo", 2)), RTM_NEWLINK), 1U);
}

TEST(what_another_process_sends_is_dropped) {
  const ScratchNetns netns;
  const auto socket = netns.socket();
  const auto forger = netns.socket();
  sockaddr_nl victim{};
  victim.nl_family = AF_NETLINK;
  victim.nl_pid = socket->port_id();
  const Bytes forged = message(NLMSG_DONE, NLM_F_MULTI, 7, Bytes(4)) + message(RTM_NEWLINK, 0, 7, Bytes(16));
  auto* const address = reinterpret_cast<sockaddr*>(&victim);
  checked(::sendto(forger->fd(), forged.data(), forged.size(), 0, address, sizeof victim), "sendto");
  const auto answers = split(socket->exchange(get_link("lo", 7)));
  CHECK_EQUAL(answers.size(), 1U);
  CHECK(answers[0].header.nlmsg_len > 1000);
}

TEST(a_closed_socket_is_ebadf) {
  const ScratchNetns netns;
  const auto socket = netns.socket();
  const std::size_t before = open_descriptors();
  socket->close();
  socket->close();
  CHECK_EQUAL(open_descriptors(), before - 1);
  CHECK_EQUAL(socket->fd(), -1);
  CHECK_ERROR(socket->exchange(get_link("lo", 1)), EBADF, "sendmsg");
  CHECK_ERROR(socket->join(1), EBADF, "sendmsg");
}

TEST(closing_under_an_exchange_lets_it_complete) {
  const ScratchNetns netns;
  Bytes request;
  for (std::uint32_t seq = 1; seq <= 100; ++seq) request = std::move(request) + get_link("lo", seq);
  const std::size_t before = open_descriptors();
  for (int round = 0; round < 50; ++round) {
    const auto socket = netns.socket();
    std::size_t answered = 0;
    int refused = 0;
    std::thread thread([&] {
      try {
        answered = count_type(socket->exchange(request), RTM_NEWLINK);
      } catch (const SystemError& error) {
        refused = error.code();
      }
    });
    socket->close();
    CHECK_EQUAL(socket->fd(), -1);
    thread.join();
    CHECK((answered == 100 && refused == 0) || refused == EBADF);
    CHECK_EQUAL(open_descriptors(), before);
  }
}

TEST(exchanges_of_two_threads_do_not_mix) {
  const ScratchNetns netns;
  const auto socket = netns.socket();
  const auto work = [&](std::uint32_t base) {
    for (std::uint32_t i = 0; i < 200; ++i) {
      const auto answers = split(socket->exchange(get_link("lo", base + i)));
      if (answers.size() != 1 || answers[0].header.nlmsg_seq != base + i) return false;
    }
    return true;
  };
  bool first = false;
  bool second = false;
  std::thread one([&] { first = work(1); });
  std::thread two([&] { second = work(100000); });
  one.join();
  two.join();
  CHECK(first);
  CHECK(second);
}

TEST(receive_brings_group_messages_up_to_a_limit) {
  const ScratchNetns netns;
  const auto listener = netns.socket();
  const auto other = netns.socket();
  listener->join(RTNLGRP_LINK);
  Bytes request;
  for (std::uint32_t seq = 1; seq <= 8; ++seq) {
    request = std::move(request) + create_bridge("br" + std::to_string(seq), seq);
  }
  other->exchange(request);
  Bytes events;
  CHECK_EQUAL(listener->receive(events, 32 * 1024), 0);  // a second one might not fit
  CHECK_EQUAL(count_type(events, RTM_NEWLINK), 1U);
  CHECK_EQUAL(listener->receive(events, 1 << 20), EAGAIN);
  CHECK(count_type(events, RTM_NEWLINK) >= 8U);
}

}  // namespace netloom::test
