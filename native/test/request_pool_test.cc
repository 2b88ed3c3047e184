#include "request_pool.h"

#include <algorithm>
#include <latch>
#include <vector>

#include "check.h"
#include "scratch.h"

namespace netloom::test {

TEST(no_thread_is_started_before_the_first_request) {
  CHECK_EQUAL(RequestPool::shared().threads(), 0U);
  std::latch done(1);
  RequestPool::shared().submit(std::make_shared<RequestPool::Queue>(), [&] { done.count_down(); });
  done.wait();
  CHECK_EQUAL(RequestPool::shared().threads(), 1U);
}

TEST(a_queue_runs_in_order_and_at_most_four_at_once) {
  constexpr int kQueues = 16;
  constexpr int kJobs = 500;
  std::mutex mutex;
  int running = 0;
  int most = 0;
  // Written by one job of a queue after another without a lock: the pool orders them, and TSan would tell.
  std::vector<std::vector<int>> seen(kQueues);
  std::latch done(kQueues * kJobs);
  std::vector<std::shared_ptr<RequestPool::Queue>> queues;
  for (int q = 0; q < kQueues; ++q) queues.push_back(std::make_shared<RequestPool::Queue>());
  for (int j = 0; j < kJobs; ++j) {
    for (std::size_t q = 0; q < kQueues; ++q) {
      RequestPool::shared().submit(queues[q], [&, q, j] {
        {
          const std::lock_guard lock(mutex);
          most = std::max(most, ++running);
        }
        seen[q].push_back(j);
        {
          const std::lock_guard lock(mutex);
          --running;
        }
        done.count_down();
      });
    }
  }
  done.wait();
  for (const auto& order : seen) {
    CHECK_EQUAL(order.size(), static_cast<std::size_t>(kJobs));
    CHECK(std::ranges::is_sorted(order));
  }
  CHECK(most <= 4);
  CHECK(RequestPool::shared().threads() <= RequestPool::kMaxThreads);
}

TEST(a_queue_that_waits_does_not_hold_the_others) {
  std::latch open(1);
  std::latch done(3);
  // Three block until the fourth queue's job, submitted last, has run.
  std::vector<std::shared_ptr<RequestPool::Queue>> queues;
  for (int i = 0; i < 3; ++i) {
    queues.push_back(std::make_shared<RequestPool::Queue>());
    RequestPool::shared().submit(queues.back(), [&] {
      open.wait();
      done.count_down();
    });
  }
  RequestPool::shared().submit(std::make_shared<RequestPool::Queue>(), [&] { open.count_down(); });
  done.wait();
  CHECK_EQUAL(RequestPool::shared().threads(), 4U);
}

TEST(what_a_job_holds_is_gone_before_the_next_one_runs) {
  const auto queue = std::make_shared<RequestPool::Queue>();
  const auto held = std::make_shared<int>(0);
  std::latch done(1);
  long holders = 0;
  RequestPool::shared().submit(queue, [held] { ++*held; });
  RequestPool::shared().submit(queue, [&, weak = std::weak_ptr<int>(held)] {
    holders = weak.use_count();
    done.count_down();
  });
  done.wait();
  CHECK_EQUAL(holders, 1);
}

TEST(sockets_exchange_at_the_same_time) {
  constexpr std::uint32_t kSockets = 8;
  constexpr std::uint32_t kRounds = 50;
  const ScratchNetns netns;
  std::latch done(kSockets * kRounds);
  std::vector<std::vector<std::uint32_t>> answered(kSockets);
  for (std::uint32_t s = 0; s < kSockets; ++s) {
    const auto socket = netns.socket();
    const auto queue = std::make_shared<RequestPool::Queue>();
    for (std::uint32_t round = 0; round < kRounds; ++round) {
      RequestPool::shared().submit(queue, [&, s, socket, seq = s * 1000 + round] {
        answered[s].push_back(split(socket->exchange(get_link("lo", seq)))[0].header.nlmsg_seq);
        done.count_down();
      });
    }
  }
  done.wait();
  for (std::uint32_t s = 0; s < kSockets; ++s) {
    for (std::uint32_t round = 0; round < kRounds; ++round) CHECK_EQUAL(answered[s][round], s * 1000 + round);
  }
}

}  // namespace netloom::test
