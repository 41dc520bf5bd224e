// A driver's complete answer to a clGet*Info call, read before the application sees it, on the stack when it is small. Any thread.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "intercept/opencl/cl_headers.hpp"

namespace flexai::opencl {

/// Gives `size` bytes of `data` to an application by the rules of all clGet*Info calls.
[[nodiscard]] inline cl_int GiveInfo(const void* data, std::size_t size, std::size_t room, void* value, std::size_t* size_ret) noexcept {
  if (value != nullptr) {
    if (room < size) return CL_INVALID_VALUE;
    if (size != 0) std::memcpy(value, data, size);
  }
  if (size_ret != nullptr) *size_ret = size;
  return CL_SUCCESS;
}

class InfoAnswer {
 public:
  InfoAnswer() = default;
  InfoAnswer(const InfoAnswer&) = delete;
  InfoAnswer& operator=(const InfoAnswer&) = delete;
  ~InfoAnswer() {
    if (data_ != small_) std::free(data_);
  }

  /// `query(size, value, size_ret)` is the driver's call. On success data() holds size() bytes and a 0 behind them.
  template <class Query>
  [[nodiscard]] cl_int Fetch(Query query) noexcept {
    if (const cl_int status = query(0, nullptr, &size_); status != CL_SUCCESS) return status;
    if (size_ >= sizeof small_) {
      data_ = static_cast<char*>(std::malloc(size_ + 1));
      if (data_ == nullptr) {
        data_ = small_;
        return CL_OUT_OF_HOST_MEMORY;
      }
    }
    if (const cl_int status = query(size_, data_, &size_); status != CL_SUCCESS) return status;
    data_[size_] = '\0';
    return CL_SUCCESS;
  }

  char* data() noexcept { return data_; }
  const char* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }
  void set_size(std::size_t size) noexcept { size_ = size; }

 private:
  alignas(cl_name_version) char small_[4096];
  char* data_ = small_;
  std::size_t size_ = 0;
};

}  // namespace flexai::opencl
