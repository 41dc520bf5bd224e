#include "base/environment_list.hpp"

#include <gtest/gtest.h>

namespace flexai {
namespace {

TEST(EnvironmentListTest, LooksUpByWholeName) {
  const EnvironmentList list({"PATH=/bin", "PATHS=no", "EMPTY=", "ODD"});

  EXPECT_EQ(list.Get("PATH"), "/bin");
  EXPECT_EQ(list.Get("PAT"), "");
  EXPECT_EQ(list.Get("EMPTY"), "");
  EXPECT_EQ(list.Get("ODD"), "");
}

TEST(EnvironmentListTest, SettingReplacesEveryOldValue) {
  EnvironmentList list({"A=1", "B=2", "A=3"});
  list.Set("A", "4");

  EXPECT_EQ(list.entries(), (std::vector<std::string>{"B=2", "A=4"}));
}

TEST(EnvironmentListTest, PrependingKeepsWhatIsThere) {
  EnvironmentList list({"OPENCL_LAYERS=/other.so"});
  list.Prepend("OPENCL_LAYERS", "/ours.so", ':');
  list.Prepend("LD_LIBRARY_PATH", "/lib", ':');

  EXPECT_EQ(list.Get("OPENCL_LAYERS"), "/ours.so:/other.so");
  EXPECT_EQ(list.Get("LD_LIBRARY_PATH"), "/lib");
}

TEST(EnvironmentListTest, CopiesAnArray) {
  const char* const array[] = {"A=1", "B=2", nullptr};
  EXPECT_EQ(EnvironmentList(array).entries().size(), 2u);
  EXPECT_TRUE(EnvironmentList(static_cast<const char* const*>(nullptr)).entries().empty());
}

TEST(SplitListTest, DropsEmptyItems) {
  EXPECT_EQ(SplitList(":a::b:", ":"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(SplitList("a b:c", " :"), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_TRUE(SplitList("", ":").empty());
}

}  // namespace
}  // namespace flexai
