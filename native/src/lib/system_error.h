#pragma once

#include <cerrno>
#include <cstddef>
#include <exception>
#include <optional>
#include <string>

namespace netloom {

/** What a failed system call leaves: the errno and the call's name as the reader of the error knows it. */
class SystemError : public std::exception {
 public:
  SystemError(int code, std::string syscall);

  /** "<syscall>: <strerror> (<CODE>)" */
  [[nodiscard]] const char* what() const noexcept override { return message_.c_str(); }
  [[nodiscard]] int code() const noexcept { return code_; }
  [[nodiscard]] const std::string& syscall() const noexcept { return syscall_; }

  /** Of an exchange: messages in the windows that were answered before this one failed. */
  std::optional<std::size_t> completed;

 private:
  int code_;
  std::string syscall_;
  std::string message_;
};

/** "ENOENT" for 2; "E<number>" for a number without a name (a newer kernel's). */
std::string errno_name(int code);

/** Throws SystemError with the present errno when `result` is negative; else hands it back. */
template <class T>
T checked(T result, const char* syscall) {
  if (result < 0) throw SystemError(errno, syscall);
  return result;
}

/** Repeats a call that a signal interrupted. */
template <class F>
auto retry_eintr(F call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

}  // namespace netloom
