#include "cli/suggest.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace flexai::cli {
namespace {

TEST(EditDistanceTest, CountsSlips) {
  EXPECT_EQ(EditDistance("cores", "cores"), 0u);
  EXPECT_EQ(EditDistance("coers", "cores"), 1u);  // neighbours swapped
  EXPECT_EQ(EditDistance("core", "cores"), 1u);
  EXPECT_EQ(EditDistance("coress", "cores"), 1u);
  EXPECT_EQ(EditDistance("corez", "cores"), 1u);
  EXPECT_EQ(EditDistance("", "abc"), 3u);
}

TEST(NearestTest, FindsWhatWasMeant) {
  const std::vector<std::string> known{"--xpu", "--cores", "--memory", "--priority", "--name"};

  EXPECT_EQ(Nearest("--coers", known), "--cores");
  EXPECT_EQ(Nearest("--mem", known), "--memory");
  EXPECT_EQ(Nearest("--prioriy", known), "--priority");
  EXPECT_EQ(Nearest("--gpus", known), "--xpu");
  EXPECT_EQ(Nearest("--completely-different", known), std::nullopt);
  EXPECT_EQ(Nearest("", known), std::nullopt);
  EXPECT_EQ(Nearest(std::string(100'000, 'x'), known), std::nullopt);
}

}  // namespace
}  // namespace flexai::cli
