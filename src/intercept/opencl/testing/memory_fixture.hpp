// The hooks of memory and devices on the fake driver, in a slice of its devices 0 and 1. One slice for the whole test program: a process attaches once.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "intercept/opencl/attach.hpp"
#include "intercept/opencl/dispatch.hpp"
#include "intercept/opencl/hooks.hpp"
#include "intercept/opencl/testing/fake_driver.hpp"
#include "tests/integration/support/slice_world.hpp"

namespace flexai::opencl::testing {

inline constexpr std::uint64_t kQuota0 = 100'000;
inline constexpr std::uint64_t kQuota1 = 80'000;

class MemoryFixture : public ::testing::Test {
 protected:
  static flexai::testing::SliceWorld& world() {
    static auto* made = [] {
      auto* fresh = new flexai::testing::SliceWorld;
      static const std::string kSlice =
          fresh->MakeSlice("fake", {{.xpu = "xpu-gpu0", .memory = kQuota0}, {.xpu = "xpu-gpu1", .memory = kQuota1}});
      setenv("FLEXAI_SLICE", kSlice.c_str(), 1);
      std::atexit([] { std::filesystem::remove_all(directory()); });
      directory() = fresh->directory();
      return fresh;
    }();
    return *made;
  }

  void SetUp() override {
    (void)world();
    driver.Reset();
    SetQuota(0, kQuota0);
    SetQuota(1, kQuota1);
  }
  void TearDown() override {
    driver.DestroyPending();
    for (int i = 0; i < 2; ++i) {
      EXPECT_EQ(driver.Allocated(i), 0u) << "the test left objects on device " << i;
      EXPECT_EQ(Held(i), 0u) << "device " << i;
    }
  }

  static std::string Xpu(int device) { return "xpu-gpu" + std::to_string(device); }
  static std::uint64_t Held(int device) { return world().Held("fake", Xpu(device)); }
  static void SetQuota(int device, std::uint64_t bytes) {
    slice::ShareChange change;
    change.set_memory = true;
    change.memory = Bytes{bytes};
    slice::Refusal why;
    ASSERT_EQ(slice::Change(world().region(Xpu(device)), world().slot("fake", Xpu(device)), change, why), Outcome::kOk);
  }

  cl_context Context(std::initializer_list<cl_device_id> devices) {
    cl_int error = CL_SUCCESS;
    cl_context made = hook::clCreateContext(nullptr, static_cast<cl_uint>(devices.size()), devices.begin(), nullptr, nullptr, &error);
    EXPECT_EQ(error, CL_SUCCESS);
    return made;
  }
  cl_context Context(int device) { return Context({driver.device(device)}); }

  // The error of making a buffer, which goes to `made`.
  cl_int Buffer(cl_context context, std::size_t bytes, cl_mem& made, cl_mem_flags flags = CL_MEM_READ_WRITE) {
    cl_int error = CL_SUCCESS;
    made = hook::clCreateBuffer(context, flags, bytes, nullptr, &error);
    return error;
  }

  FakeDriver& driver = FakeDriver::Get();

 private:
  static std::string& directory() {
    static auto* path = new std::string;
    return *path;
  }
};

}  // namespace flexai::opencl::testing
