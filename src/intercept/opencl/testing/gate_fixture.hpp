// A process in a slice of one XPU above the QueueDriver: what tests of gates, completions, queues and events start from. Each test ends with nothing in
// flight.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "intercept/opencl/hooks.hpp"
#include "intercept/opencl/queues.hpp"
#include "intercept/opencl/testing/queue_driver.hpp"
#include "slice/liveness.hpp"
#include "slice/tenant.hpp"
#include "tests/integration/support/slice_world.hpp"

namespace flexai::opencl::testing {

class GateTest : public ::testing::Test {
 protected:
  static constexpr const char* kXpu = "pocl-0";

  void SetUp() override {
    World();
    driver_ = &QueueDriver::Fresh();
    ASSERT_NE(TenantOfDevice(driver().device()), nullptr);
    SetAlone(false);
    FlushQueues(tenant(), nullptr);  // those of the test before
  }

  void TearDown() override {
    StopContending();
    driver().RunAll();
    EXPECT_EQ(InFlight(), 0u) << "commands that the slice still waits for";
    EXPECT_EQ(LeaseInFlight(), 0u) << "commands that the lease still waits for";
  }

  /// The slice of this process: one for the whole program, because a process attaches once.
  static flexai::testing::SliceWorld& World() {
    static flexai::testing::SliceWorld* world = [] {
      auto* made = new flexai::testing::SliceWorld;
      setenv("FLEXAI_SLICE", made->MakeSlice("gate", {{.xpu = kXpu, .request = 500}}).c_str(), 1);
      (void)made->MakeSlice("neighbour", {{.xpu = kXpu, .request = 100}});
      static const std::string kDirectory = made->directory();
      std::atexit([] { std::filesystem::remove_all(kDirectory); });
      return made;
    }();
    return *world;
  }

  QueueDriver& driver() { return *driver_; }
  static slice::Tenant& tenant() { return slice::Membership::Process().tenant(0); }
  static const slice::RegionView& region() { return World().region(kXpu).view(); }
  static const flexai_slice_account& account() { return World().account("gate", kXpu); }
  static std::uint64_t DeviceTime() { return slice::Load(account().device_ns); }
  static std::uint64_t Overlap() { return slice::Load(account().overlap_ns); }
  static std::uint64_t Commands() { return slice::Load(account().commands); }

  static std::uint32_t ProcessOf(flexai_process_role role) {
    for (std::uint32_t i = 0; i < FLEXAI_REGION_PROCESSES; ++i) {
      if (slice::StateOf(region().process(i)) == FLEXAI_PROCESS_LIVE && region().process(i).role == role) return i;
    }
    return 0;
  }
  static std::uint32_t InFlight() { return slice::Load(region().process(ProcessOf(FLEXAI_ROLE_TENANT)).in_flight); }
  static std::uint32_t LeaseInFlight() { return slice::Lease::Unpack(slice::Load(region().state->header.lease)).in_flight; }
  static bool Unflushed() { return slice::Load(region().process(ProcessOf(FLEXAI_ROLE_TENANT)).unflushed) != 0; }

  /// Somebody else waits for the XPU: the keeper's bit stands for it.
  static void Contend() {
    const std::uint32_t keeper = ProcessOf(FLEXAI_ROLE_KEEPER);
    slice::Atomic(region().state->header.waiting[keeper / 64]).fetch_or(1ULL << keeper % 64);
  }
  static void StopContending() {
    const std::uint32_t keeper = ProcessOf(FLEXAI_ROLE_KEEPER);
    slice::Atomic(region().state->header.waiting[keeper / 64]).fetch_and(~(1ULL << keeper % 64));
    // What was granted to it meanwhile is nobody's again.
    std::uint64_t word = slice::Load(region().state->header.lease);
    const slice::Lease lease = slice::Lease::Unpack(word);
    if (lease.holder == keeper + 1) slice::Atomic(region().state->header.lease).compare_exchange_strong(word, lease.PassedTo(0).Pack());
  }

  /// Whether the other slice of the XPU was at work lately: when it was, accounts must not lag.
  static void SetAlone(bool alone) {
    slice::Atomic(const_cast<flexai_slice_account&>(World().account("neighbour", kXpu)).active_ns).store(alone ? 0 : MonotonicNow());
    usleep(1500);  // older than what the gate remembers
  }

  cl_command_queue NewQueue(cl_command_queue_properties flags = 0) {
    cl_int status = 77;
    cl_command_queue queue = hook::clCreateCommandQueue(driver().context(), driver().device(), flags, &status);
    EXPECT_EQ(status, CL_SUCCESS);
    return queue;
  }

  cl_int Kernel(cl_command_queue queue, std::vector<cl_event> waits = {}, cl_event* event = nullptr, std::size_t kernel = 0) {
    const std::size_t one = 1;
    return hook::clEnqueueNDRangeKernel(queue, driver().kernel(kernel), 1, nullptr, &one, nullptr, static_cast<cl_uint>(waits.size()),
                                        waits.empty() ? nullptr : waits.data(), event);
  }

  cl_event UserEvent() { return hook::clCreateUserEvent(driver().context(), nullptr); }

  /// Runs commands until the layer trusts the driver's stamps and knows what kernel 0 takes.
  void Settle(Nanos takes = 5 * kMicrosecond) {
    cl_command_queue queue = NewQueue();
    driver().kernel_takes = takes;
    for (int i = 0; i < 400'000 && !Settled(queue); ++i) {  // far more than it takes on a machine that does nothing else
      ASSERT_EQ(Kernel(queue), CL_SUCCESS);
      driver().RunAll();
    }
    ASSERT_TRUE(Settled(queue));
    hook::clReleaseCommandQueue(queue);
  }

 private:
  bool Settled(cl_command_queue handle) {
    if (FindQueue(handle)->xpu.load()->verdict() != StampsVerdict::kAgree) return false;
    return ++after_verdict_ > 100;  // what was learnt by the host's clock before has to fade
  }

  QueueDriver* driver_ = nullptr;
  int after_verdict_ = 0;
};

}  // namespace flexai::opencl::testing
