#include "native_error.h"

#include <string>

namespace netloom {

napi_value make_native_error(napi_env env, const SystemError& error) noexcept {
  const auto string = [env](const std::string& text) {
    napi_value value = nullptr;
    napi_create_string_utf8(env, text.data(), text.size(), &value);
    return value;
  };
  const auto number = [env](double of) {
    napi_value value = nullptr;
    napi_create_double(env, of, &value);
    return value;
  };
  const std::string name = errno_name(error.code());
  const napi_value code = string(name);
  napi_value result = nullptr;
  if (napi_create_error(env, code, string(error.what()), &result) != napi_ok) return nullptr;
  napi_set_named_property(env, result, "errno", number(error.code()));
  napi_set_named_property(env, result, "syscall", string(error.syscall()));
  if (error.completed) {
    napi_set_named_property(env, result, "completed", number(static_cast<double>(*error.completed)));
  }
  return result;
}

Napi::Error native_error(Napi::Env env, const SystemError& error) {
  const napi_value value = make_native_error(env, error);
  if (value == nullptr) return Napi::Error::New(env);
  return {env, value};
}

Napi::TypeError argument_error(Napi::Env env, const char* name, const char* expected) {
  Napi::TypeError result =
      Napi::TypeError::New(env, std::string("The \"") + name + "\" argument must be " + expected);
  result.Value().Set("code", "ERR_INVALID_ARG_TYPE");
  return result;
}

}  // namespace netloom
