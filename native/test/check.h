#pragma once

#include <exception>
#include <functional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "system_error.h"

/** A test that fails says where and what, and ends there. */
namespace netloom::test {

struct Case {
  std::string name;
  std::function<void()> body;
};

inline std::vector<Case>& cases() {
  static std::vector<Case> all;
  return all;
}

struct Registration {
  Registration(const char* name, void (*body)()) { cases().push_back({name, body}); }
};

[[noreturn]] inline void fail(const char* file, int line, const std::string& what) {
  throw std::runtime_error(std::string(file) + ":" + std::to_string(line) + ": " + what);
}

template <class A, class B>
void check_equal(const A& actual, const B& expected, const char* text, const char* file, int line) {
  if (actual == expected) return;
  std::ostringstream out;
  out << text << " is " << actual << ", not " << expected;
  fail(file, line, out.str());
}

template <class F>
SystemError check_error(F body, int code, const std::string& syscall, const char* file, int line) {
  try {
    body();
  } catch (const SystemError& error) {
    if (error.code() == code && error.syscall() == syscall) return error;
    fail(file, line, std::string("other error: ") + error.what());
  }
  fail(file, line, "nothing was thrown, expected " + errno_name(code));
}

}  // namespace netloom::test

#define TEST(name)                                                              \
  static void test_##name();                                                    \
  static const netloom::test::Registration registered_##name(#name, test_##name); \
  static void test_##name()

#define CHECK(condition) \
  if (!(condition)) netloom::test::fail(__FILE__, __LINE__, #condition)
#define CHECK_EQUAL(actual, expected) \
  netloom::test::check_equal(actual, expected, #actual, __FILE__, __LINE__)
#define CHECK_ERROR(expression, code, syscall) \
  netloom::test::check_error([&] { static_cast<void>(expression); }, code, syscall, __FILE__, __LINE__)
