#include "request_pool.h"

#include <pthread.h>

#include <cstddef>
#include <new>
#include <utility>

#include "system_error.h"
#include "thread_in_netns.h"

namespace netloom {

// Never destroyed: the threads are detached and may be inside a system call while the process runs its static
// destructors.
RequestPool& RequestPool::shared() {
  alignas(RequestPool) static std::byte storage[sizeof(RequestPool)];
  static auto* const pool = new (storage) RequestPool;
  return *pool;
}

void RequestPool::submit(const std::shared_ptr<Queue>& queue, Job job) {
  const std::lock_guard lock(mutex_);
  queue->jobs_.push_back(std::move(job));
  if (queue->scheduled_) return;
  try {
    ensure_thread();
    ready_.push_back(queue);
  } catch (...) {
    queue->jobs_.pop_back();
    throw;
  }
  queue->scheduled_ = true;
  wake_.notify_one();
}

// A woken thread counts as idle until it has taken its queue, hence the comparison with ready_.
void RequestPool::ensure_thread() {
  if (idle_ > ready_.size() || threads_ == kMaxThreads) return;
  try {
    start_thread([this] { run(); }).detach();
    ++threads_;
  } catch (const SystemError&) {
    if (threads_ == 0) throw;
  }
}

void RequestPool::run() {
  pthread_setname_np(pthread_self(), "netloom-request");
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    wake_.wait(lock, [this] { return !ready_.empty(); });
    --idle_;
    const std::shared_ptr<Queue> queue = std::move(ready_.front());
    ready_.pop_front();
    Job job = std::move(queue->jobs_.front());
    queue->jobs_.pop_front();
    lock.unlock();
    job();
    job = nullptr;  // what it held is let go outside of the lock, and before the next job of this queue
    lock.lock();
    queue->scheduled_ = !queue->jobs_.empty();
    if (queue->scheduled_) ready_.push_back(queue);
  }
}

std::size_t RequestPool::threads() const {
  const std::lock_guard lock(mutex_);
  return threads_;
}

}  // namespace netloom
