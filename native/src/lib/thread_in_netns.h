#pragma once

#include <csignal>
#include <exception>
#include <optional>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>

#include "system_error.h"

namespace netloom {

/**
 * Blocks every signal of the calling thread while it lives. A thread started meanwhile inherits the mask, so
 * that no signal handler of the program ever runs on a thread of ours.
 */
class SignalsBlocked {
 public:
  SignalsBlocked() noexcept {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

/** std::thread with all signals blocked; a refusal of the kernel is a SystemError. */
template <class F>
std::thread start_thread(F&& body) {
  const SignalsBlocked blocked;
  try {
    return std::thread(std::forward<F>(body));
  } catch (const std::system_error& error) {
    throw SystemError(error.code().value(), "pthread_create");
  }
}

/**
 * Runs `body` on a thread that ends with it and hands back what it returned or threw. The calling thread is
 * never moved to another namespace: a thread that it starts inherits its namespaces, and Node starts some at
 * any time.
 */
template <class F>
auto on_fresh_thread(F body) -> std::invoke_result_t<F> {
  std::optional<std::invoke_result_t<F>> result;
  std::exception_ptr failure;
  std::thread thread = start_thread([&] {
    try {
      result.emplace(body());
    } catch (...) {
      failure = std::current_exception();
    }
  });
  thread.join();
  if (failure) std::rethrow_exception(failure);
  return std::move(*result);
}

/** Moves the calling thread. Only for threads that end right after. */
void enter_netns(int netns);

/** Runs `body` in a network namespace; without one, right here. */
template <class F>
auto in_netns(std::optional<int> netns, F body) -> std::invoke_result_t<F> {
  if (!netns) return body();
  return on_fresh_thread([&] {
    enter_netns(*netns);
    return body();
  });
}

}  // namespace netloom
