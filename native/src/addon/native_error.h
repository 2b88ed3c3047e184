#pragma once

#include <napi.h>

#include "system_error.h"

namespace netloom {

/**
 * The JavaScript Error of a failed system call: code, errno, syscall and, of an exchange, completed. Null
 * when the environment is ending; never throws, so that it may be called outside of a call from JavaScript.
 */
napi_value make_native_error(napi_env env, const SystemError& error) noexcept;

/** The same, to be thrown. */
Napi::Error native_error(Napi::Env env, const SystemError& error);

/** A TypeError with code ERR_INVALID_ARG_TYPE. */
Napi::TypeError argument_error(Napi::Env env, const char* name, const char* expected);

/** Runs `body`; a SystemError becomes a NativeError. */
template <class F>
auto guarded(Napi::Env env, F body) {
  try {
    return body();
  } catch (const SystemError& error) {
    throw native_error(env, error);
  }
}

}  // namespace netloom
