#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

namespace netloom {

/**
 * The request threads of the process. The kernel does a request's work inside sendmsg, so what may take long
 * (a link's removal waits for RCU) is sent from here. A thread starts when work waits and none is idle, at
 * most four in all; afterwards they stay.
 */
class RequestPool {
 public:
  using Job = std::function<void()>;

  /** What one socket has waiting: runs in order, one at a time. */
  class Queue {
    friend class RequestPool;
    std::deque<Job> jobs_;
    bool scheduled_ = false;  // in ready_, or a thread runs one of its jobs
  };

  static constexpr std::size_t kMaxThreads = 4;

  static RequestPool& shared();

  /** Jobs must not throw. SystemError when not even a first thread could be started. */
  void submit(const std::shared_ptr<Queue>& queue, Job job);

  /** Threads started so far. */
  [[nodiscard]] std::size_t threads() const;

 private:
  RequestPool() = default;
  ~RequestPool() = default;

  void ensure_thread();
  void run();

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::shared_ptr<Queue>> ready_;
  std::size_t threads_ = 0;
  std::size_t idle_ = 0;
};

}  // namespace netloom
