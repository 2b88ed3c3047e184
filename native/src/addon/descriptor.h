#pragma once

#include <napi.h>

#include <optional>

#include "fd.h"

namespace netloom {

/** A namespace or sysctl file. Its destructor runs with garbage collection and when its thread ends. */
class Descriptor : public Napi::ObjectWrap<Descriptor> {
 public:
  static void define(Napi::Env env);
  static Napi::Value create(Napi::Env env, UniqueFd fd);

  /** The descriptor number of an argument, -1 when closed. */
  static int argument(const Napi::Value& value, const char* name);
  /** The same; null is no descriptor at all. */
  static std::optional<int> nullable_argument(const Napi::Value& value, const char* name);

  explicit Descriptor(const Napi::CallbackInfo& info);

 private:
  Napi::Value fd(const Napi::CallbackInfo& info);
  void close(const Napi::CallbackInfo& info);

  UniqueFd fd_;
};

}  // namespace netloom
