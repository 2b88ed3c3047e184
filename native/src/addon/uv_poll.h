#pragma once

#include <cstddef>

// node-api-headers brings no uv.h. These are libuv's declarations with the types left opaque; libuv keeps its
// ABI within a major version, and a handle's size is asked for at run time. Weak, so that the addon loads in
// a runtime that lacks them; is_supported() must be asked before the first use.

extern "C" {
struct uv_loop_s;
struct uv_handle_s;

using uv_poll_callback = void (*)(uv_handle_s* handle, int status, int events);
using uv_close_callback = void (*)(uv_handle_s* handle);

[[gnu::weak]] std::size_t uv_handle_size(int type);
[[gnu::weak]] const char* uv_handle_type_name(int type);
[[gnu::weak]] void* uv_handle_get_data(const uv_handle_s* handle);
[[gnu::weak]] void uv_handle_set_data(uv_handle_s* handle, void* data);
[[gnu::weak]] int uv_poll_init(uv_loop_s* loop, uv_handle_s* handle, int fd);
[[gnu::weak]] int uv_poll_start(uv_handle_s* handle, int events, uv_poll_callback callback);
[[gnu::weak]] int uv_poll_stop(uv_handle_s* handle);
[[gnu::weak]] void uv_close(uv_handle_s* handle, uv_close_callback callback);
[[gnu::weak]] void uv_ref(uv_handle_s* handle);
[[gnu::weak]] void uv_unref(uv_handle_s* handle);
}

namespace netloom::uv {

constexpr int kPoll = 8;      // UV_POLL
constexpr int kReadable = 1;  // UV_READABLE

/** Whether the runtime has libuv and numbers its handle types as we do. */
bool is_supported();

}  // namespace netloom::uv
