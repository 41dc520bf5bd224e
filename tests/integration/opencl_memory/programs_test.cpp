// Program-scope variables: on the one driver here that has them and counts them.
#include "fixture.hpp"

namespace flexai::testing {
namespace {

constexpr std::uint64_t kVariables = 40'000;

class ProgramMemoryTest : public OpenclMemoryTest {
 protected:
  void SetUp() override {
    OpenclMemoryTest::SetUp();
    if (IsSkipped()) return;
    shell_ = Start(MakeSlice(64 * kMiB));
  }
  Shell& shell() { return *shell_; }

 private:
  std::unique_ptr<Shell> shell_;
};
INSTANTIATE_TEST_SUITE_P(On, ProgramMemoryTest, ::testing::Values("intel"), [](const auto& tested) { return std::string(tested.param); });

TEST_P(ProgramMemoryTest, VariablesCostUntilTheProgramIsGone) {
  EXPECT_EQ(shell().Ask(Command("program", "p", kVariables)), kOk);
  EXPECT_EQ(Held(), kVariables);
  EXPECT_EQ(shell().Ask("release-program p"), kOk);
  EXPECT_EQ(Held(), 0u);
}

TEST_P(ProgramMemoryTest, VariablesCostAsLongAsAKernelLives) {
  ASSERT_EQ(shell().Ask(Command("program", "p", kVariables)), kOk);
  ASSERT_EQ(shell().Ask("kernel k p"), kOk);

  EXPECT_EQ(shell().Ask("release-program p"), kOk);
  EXPECT_EQ(Held(), kVariables);
  EXPECT_EQ(shell().Ask("release-kernel k"), kOk);
  EXPECT_EQ(Held(), 0u);
}

TEST_P(ProgramMemoryTest, ABuildWithACallbackCostsTheSame) {
  EXPECT_EQ(shell().Ask(Command("program-async", "p", kVariables)), kOk);
  EXPECT_EQ(Held(), kVariables);
  EXPECT_EQ(shell().Ask("release-program p"), kOk);
  EXPECT_EQ(Held(), 0u);
}

TEST_P(ProgramMemoryTest, ABuildIsNeverRefusedAndTheQuotaHoldsAfterIt) {
  ASSERT_EQ(shell().Ask(Command("buffer", "all", 64 * kMiB)), kOk);

  EXPECT_EQ(shell().Ask(Command("program", "p", kVariables)), kOk);
  EXPECT_EQ(Held(), 64 * kMiB + kVariables);
  EXPECT_EQ(shell().Ask("buffer b 1"), kNoRoom);
  EXPECT_EQ(shell().Ask("release all"), kOk);
  EXPECT_EQ(shell().Ask(Command("buffer", "b", 64 * kMiB - kVariables)), kOk);
}

TEST_P(ProgramMemoryTest, ProgramsWithoutVariablesCostNothing) {
  EXPECT_EQ(shell().Ask("program p 0"), kOk);
  EXPECT_EQ(shell().Ask("kernel k p"), kOk);
  EXPECT_EQ(Held(), 0u);
  EXPECT_EQ(shell().Ask("release-program p"), kOk);
  EXPECT_EQ(shell().Ask("release-kernel k"), kOk);
  EXPECT_EQ(Held(), 0u);
}

}  // namespace
}  // namespace flexai::testing
