// Random sequences of everything that allocates and frees, with failures in between: after each step the ledger says what the driver really holds, and never
// does the driver hold more than the quota.
#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <thread>
#include <vector>

#include "intercept/opencl/callbacks.hpp"
#include "intercept/opencl/devices.hpp"
#include "intercept/opencl/memory.hpp"
#include "intercept/opencl/testing/memory_fixture.hpp"
#include "tests/support/repetitions.hpp"

namespace flexai::opencl {
namespace {

using flexai::testing::Repetitions;
using flexai::testing::Seed;

// A refusal asks the driver for the smallest object of the same kind, beside the others: a byte, two pixels, a packet.
constexpr std::uint64_t kProbe = 64;

// One application's thread.
class Application {
 public:
  Application(testing::FakeDriver& driver, cl_context one, cl_context both, std::uint64_t seed)
      : driver_(driver), contexts_{one, both}, random_(seed) {}

  /// Imports exist before anybody can refuse them: without them the driver never holds more than the quota.
  void DoNotImport() { imports_ = false; }
  /// Without destructor callbacks the layer cannot know that a part keeps its buffer alive.
  void MakeNoParts() { parts_ = false; }

  void Step() {
    switch (Upto(12)) {
      case 0: driver_.fail_next = static_cast<int>(Upto(2)); break;
      case 1:
      case 2: Keep(hook::clCreateBuffer(Context(), CL_MEM_READ_WRITE, Size(), nullptr, Error())); break;
      case 3: Keep(hook::clCreateBufferWithProperties(Context(), nullptr, CL_MEM_READ_WRITE, Size(), nullptr, Error())); break;
      case 4: Keep(Image()); break;
      case 5:
        Keep(hook::clCreatePipe(Context(), CL_MEM_READ_WRITE, static_cast<cl_uint>(Upto(64)), static_cast<cl_uint>(Upto(900)), nullptr,
                                Error()));
        break;
      case 6:
        if (imports_) Keep(hook::clCreateFromGLBuffer(Context(), CL_MEM_READ_WRITE, static_cast<cl_GLuint>(Size()), Error()));
        break;
      case 7: Svm(); break;
      case 8: Program(); break;
      default: Release(); break;
    }
  }

  void ReleaseAll() {
    while (!objects_.empty() || !svm_.empty() || !programs_.empty() || !kernels_.empty()) Release();
  }

 private:
  std::uint64_t Upto(std::uint64_t n) { return random_() % n; }
  cl_context Context() { return contexts_[Upto(2)]; }
  cl_int* Error() { return Upto(4) == 0 ? nullptr : &error_; }
  // Now and then nothing, now and then too much.
  std::size_t Size() { return Upto(20) == 0 ? Upto(2) * 150'000 : Upto(30'000); }

  void Keep(cl_mem made) {
    if (made == nullptr || made == driver_.handle_of_an_error()) return;
    objects_.push_back(made);
    if (Upto(5) == 0) {
      hook::clRetainMemObject(made);
      objects_.push_back(made);
    }
    // Parts of it, which keep it alive.
    if (parts_ && Upto(5) == 0) {
      if (cl_mem part = Next().clCreateSubBuffer(made, 0, CL_BUFFER_CREATE_TYPE_REGION, nullptr, nullptr)) objects_.push_back(part);
    }
  }

  cl_mem Image() {
    const cl_image_format format{CL_RGBA, static_cast<cl_channel_type>(Upto(2) == 0 ? CL_UNORM_INT8 : CL_FLOAT)};
    cl_image_desc desc = {};
    desc.image_type = Upto(2) == 0 ? CL_MEM_OBJECT_IMAGE2D : CL_MEM_OBJECT_IMAGE2D_ARRAY;
    desc.image_width = Upto(140);
    desc.image_height = Upto(140);
    desc.image_array_size = 1 + Upto(3);
    return hook::clCreateImage(Context(), CL_MEM_READ_WRITE, &format, &desc, nullptr, Error());
  }

  void Svm() {
    cl_context context = Context();
    if (void* made = hook::clSVMAlloc(context, CL_MEM_READ_WRITE, Size(), 0)) svm_.emplace_back(context, made);
  }

  void Program() {
    cl_program made = Next().clCreateProgramWithSource(Context(), 0, nullptr, nullptr, nullptr);
    (void)hook::clBuildProgram(made, 0, nullptr, "", nullptr, nullptr);
    programs_.push_back(made);
    if (Upto(2) == 0) {
      if (cl_kernel kernel = hook::clCreateKernel(made, "k", nullptr)) kernels_.push_back(kernel);
    }
  }

  template <class T, class Free>
  void ReleaseOne(std::vector<T>& from, Free free) {
    if (from.empty()) return;
    std::swap(from[Upto(from.size())], from.back());
    const T gone = from.back();
    from.pop_back();
    free(gone);
  }

  void Release() {
    switch (Upto(5)) {
      case 0: return ReleaseOne(svm_, [](const auto& each) { hook::clSVMFree(each.first, each.second); });
      case 1: return ReleaseOne(programs_, [](cl_program each) { hook::clReleaseProgram(each); });
      case 2: return ReleaseOne(kernels_, [](cl_kernel each) { hook::clReleaseKernel(each); });
      default: return ReleaseOne(objects_, [](cl_mem each) { hook::clReleaseMemObject(each); });
    }
  }

  testing::FakeDriver& driver_;
  cl_context contexts_[2];
  std::mt19937_64 random_;
  cl_int error_ = CL_SUCCESS;
  bool imports_ = true;
  bool parts_ = true;
  std::vector<cl_mem> objects_;
  std::vector<std::pair<cl_context, void*>> svm_;
  std::vector<cl_program> programs_;
  std::vector<cl_kernel> kernels_;
};

class MemoryPropertyTest : public testing::MemoryFixture {
 protected:
  void SetUp() override {
    MemoryFixture::SetUp();
    one_ = Context(0);
    both_ = Context({driver.device(0), driver.device(1)});
    memory_detail::dying_patience = kMillisecond;  // many objects here are kept alive by their parts, and waited for in vain
  }
  void TearDown() override {
    memory_detail::dying_patience = usual_;
    driver.DestroyPending();
    Next().clReleaseContext(one_);
    Next().clReleaseContext(both_);
    MemoryFixture::TearDown();
  }
  const Nanos usual_ = memory_detail::dying_patience;
  cl_context one_ = nullptr, both_ = nullptr;
};

TEST_F(MemoryPropertyTest, TheLedgerIsTheTruthAfterEveryStep) {
  const std::uint64_t seed = Seed();
  SCOPED_TRACE("FLEXAI_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (std::uint64_t round = 0; round < Repetitions(1000); ++round) {
    driver.Reset();
    driver.destroy_late = random() % 3 == 0;
    driver.refuse_callbacks = !driver.destroy_late && random() % 8 == 0;
    driver.handle_with_error = random() % 2 == 0;
    driver.padding = random() % 2 == 0 ? random() % 2000 : 0;
    Application application(driver, one_, both_, random());
    const bool never_more_than_the_quota = round % 2 == 0 && driver.padding == 0;
    if (never_more_than_the_quota) application.DoNotImport();
    if (driver.refuse_callbacks) application.MakeNoParts();

    for (int step = 0; step < 200; ++step) {
      // Without variables nothing can pass the quota; with them the ledger is still the truth.
      driver.variables = round % 2 == 0 ? 0 : random() % 300;
      {
        const DriverCallbackScope scope;  // where nothing waits for objects on their way out: those here end when this thread says so
        application.Step();
      }
      if (driver.destroy_late && random() % 4 == 0) driver.DestroyPending();
      for (int i = 0; i < 2; ++i)
        ASSERT_EQ(TenantOfDevice(driver.device(i))->MemoryHeld().value, driver.Allocated(i))
            << "round " << round << ", step " << step << ", device " << i;
    }
    driver.fail_next = 0;
    application.ReleaseAll();
    driver.DestroyPending();
    for (int i = 0; i < 2; ++i) ASSERT_EQ(Held(i), 0u) << "round " << round << ", device " << i;
    if (never_more_than_the_quota) {
      EXPECT_LE(driver.Peak(0), testing::kQuota0 + kProbe);
      EXPECT_LE(driver.Peak(1), testing::kQuota1 + kProbe);
    }
  }
}

TEST_F(MemoryPropertyTest, ManyThreadsLeaveNothingAndNeverPassTheQuota) {
  const std::uint64_t seed = Seed();
  SCOPED_TRACE("FLEXAI_SEED=" + std::to_string(seed));
  constexpr int kThreads = 4;
  for (std::uint64_t round = 0; round < Repetitions(300); ++round) {
    driver.Reset();
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        Application application(driver, one_, both_, seed + round * kThreads + static_cast<std::uint64_t>(t));
        application.DoNotImport();
        std::optional<DriverCallbackScope> scope;
        if (t % 2 == 0) scope.emplace();  // the others wait for what is on its way out
        for (int step = 0; step < 200; ++step) application.Step();
        application.ReleaseAll();
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (int i = 0; i < 2; ++i) {
      ASSERT_EQ(driver.Allocated(i), 0u) << "round " << round;
      ASSERT_EQ(Held(i), 0u) << "round " << round << ", device " << i;
    }
    EXPECT_LE(driver.Peak(0), testing::kQuota0 + kThreads * kProbe);
    EXPECT_LE(driver.Peak(1), testing::kQuota1 + kThreads * kProbe);
  }
}

}  // namespace
}  // namespace flexai::opencl
