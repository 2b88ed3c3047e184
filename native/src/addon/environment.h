#pragma once

#include <napi.h>

#include <memory>
#include <optional>

#include "fd.h"
#include "netlink_socket.h"
#include "tun.h"

namespace netloom {

class RequestChannel;

/** What one JavaScript thread has of the addon. Nothing is shared between threads but the request pool. */
struct Environment {
  static Environment& of(Napi::Env env) { return *env.GetInstanceData<Environment>(); }

  Napi::FunctionReference descriptor_class;
  Napi::FunctionReference socket_class;
  Napi::FunctionReference queue_class;

  // What the next construction of a class takes over. Empty when JavaScript calls the constructor by itself.
  std::optional<UniqueFd> pending_descriptor;
  std::shared_ptr<NetlinkSocket> pending_socket;
  std::optional<TunQueue> pending_queue;

  std::shared_ptr<RequestChannel> requests;  // made by the first exchange()
};

/** The error of a class whose objects come from the binding's functions only. */
inline Napi::TypeError illegal_constructor(Napi::Env env) {
  Napi::TypeError error = Napi::TypeError::New(env, "Illegal constructor");
  error.Value().Set("code", "ERR_ILLEGAL_CONSTRUCTOR");
  return error;
}

}  // namespace netloom
