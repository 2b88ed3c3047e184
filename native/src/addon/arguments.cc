#include "arguments.h"

#include <cmath>
#include <limits>

#include "native_error.h"

namespace netloom {

std::string string_argument(const Napi::Value& value, const char* name) {
  if (!value.IsString()) throw argument_error(value.Env(), name, "a string");
  std::string text = value.As<Napi::String>().Utf8Value();
  // A system call would stop at the zero and act on another path.
  if (text.find('\0') != std::string::npos) {
    throw argument_error(value.Env(), name, "a string without null bytes");
  }
  return text;
}

bool boolean_argument(const Napi::Value& value, const char* name) {
  if (!value.IsBoolean()) throw argument_error(value.Env(), name, "a boolean");
  return value.As<Napi::Boolean>().Value();
}

std::int64_t integer_argument(const Napi::Value& value, const char* name, std::int64_t least,
                              std::int64_t most) {
  if (!value.IsNumber()) throw argument_error(value.Env(), name, "a number");
  const double number = value.As<Napi::Number>().DoubleValue();
  const bool inside = number >= static_cast<double>(least) && number <= static_cast<double>(most);
  if (!inside || std::floor(number) != number) {
    const std::string range = "an integer from " + std::to_string(least) + " to " + std::to_string(most);
    throw argument_error(value.Env(), name, range.c_str());
  }
  return static_cast<std::int64_t>(number);
}

int int_argument(const Napi::Value& value, const char* name) {
  using Limits = std::numeric_limits<int>;
  return static_cast<int>(integer_argument(value, name, Limits::min(), Limits::max()));
}

unsigned unsigned_argument(const Napi::Value& value, const char* name) {
  return static_cast<unsigned>(integer_argument(value, name, 0, std::numeric_limits<unsigned>::max()));
}

ByteView bytes_argument(const Napi::Value& value, const char* name) {
  // One call for type, address and length; napi.h would make three.
  napi_typedarray_type type{};
  void* data = nullptr;
  std::size_t length = 0;
  const napi_status status =
      napi_get_typedarray_info(value.Env(), value, &type, &length, &data, nullptr, nullptr);
  if (status != napi_ok || type != napi_uint8_array) throw argument_error(value.Env(), name, "a Uint8Array");
  return {static_cast<const std::byte*>(data), length};
}

}  // namespace netloom
