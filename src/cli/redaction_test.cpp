#include "cli/redaction.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace flexai::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

EnvironmentList List(std::vector<std::string> entries) { return EnvironmentList(std::move(entries)); }

TEST(RedactionTest, PathsOfSystemFoldersStayAndOthersGo) {
  const Redactor redactor(List({}));

  EXPECT_EQ(redactor.Text("/usr/lib/libpocl.so.2 loads"), "/usr/lib/libpocl.so.2 loads");
  EXPECT_EQ(redactor.Text("in /srv/alice/hunter2/x.so: no"), "in <path>: no");
  EXPECT_EQ(redactor.Text("(/var/hunter2)"), "(<path>)");
  EXPECT_EQ(redactor.Text("/usr/../srv/hunter2"), "<path>");
  EXPECT_EQ(redactor.Text("/dev/shm/flexai-1000/xpu-pocl-0.state"), "/dev/shm/flexai-1000/xpu-pocl-0.state");
  EXPECT_EQ(redactor.Text("/dev/shm/hunter2"), "<path>");
  EXPECT_EQ(redactor.Text("https://example.test/hunter2?x"), "https:<path>");
  EXPECT_EQ(redactor.Text("3 of 5 and/or 70/30"), "3 of 5 and/or 70/30");
}

TEST(RedactionTest, AKnownPathGoesWithItsBlanksAndItsName) {
  Redactor redactor(List({"HOME=/srv/alice b", "OCL_ICD_VENDORS=/srv/alice b/hun ter2"}));
  redactor.HidePath("/tmp/hunter2.icd");
  redactor.HidePath("/tmp/pocl.icd");

  EXPECT_THAT(redactor.Text("reading /srv/alice b/hun ter2/more words"), Not(HasSubstr("ter2")));
  EXPECT_THAT(redactor.Text("reading /srv/alice b/x"), Not(HasSubstr("alice")));
  EXPECT_THAT(redactor.Text("driver hunter2.icd crashed"), Not(HasSubstr("hunter2")));
  EXPECT_EQ(redactor.Text("driver pocl.icd works"), "driver pocl.icd works");
}

TEST(RedactionTest, TheSameThingIsTheSameWord) {
  Redactor redactor(List({}));
  redactor.HideName("alice");
  redactor.HideName("bob");
  redactor.HideName("root");

  EXPECT_EQ(redactor.Text("alice, bob, alice2, root; alice"), "<user-1>, <user-2>, alice2, root; <user-1>");
}

TEST(RedactionTest, ValuesThatAreCalledSecretsGoWhereverTheyTurnUp) {
  const Redactor redactor(List({"API_TOKEN=hunter2"}));

  EXPECT_EQ(redactor.Text("xhunter2x"), "x<secret-1>x");
}

TEST(RedactionTest, OnlyKnownVariablesAreShownWithTheirValues) {
  const EnvironmentList environment = List({"POCL_AFFINITY=1", "FLEXAI_LICENSE=hunter2", "AWS_SECRET_ACCESS_KEY=hunter3",
                                            "LD_PRELOAD=/usr/lib/a.so:/srv/b/c.so", "EDITOR=hunter4"});

  EXPECT_EQ(Redactor(environment).Environment(environment),
            "FLEXAI_LICENSE is set; its value is left out\nLD_PRELOAD=/usr/lib/a.so:<path-1>\nPOCL_AFFINITY=1\n");
}

TEST(RedactionTest, ASlicesArgumentsAndOwnersGoAndItsNumbersStay) {
  Redactor redactor(List({}));
  const Document slice = Document::Of({{"name", "train"},
                                       {"owner", "alice"},
                                       {"owner_uid", 1000},
                                       {"command", "/srv/alice/prog --password hunter2"},
                                       {"processes", Document::Array{Document::Of({{"command", "prog"}, {"user", "alice"}})}},
                                       {"trouble", "alice has it"}});

  const std::string text = redactor.Tree(slice).ToJson();

  EXPECT_THAT(text, Not(HasSubstr("hunter2")));
  EXPECT_THAT(text, Not(HasSubstr("alice")));
  EXPECT_THAT(text, HasSubstr("\"owner_uid\": 1000"));
  EXPECT_THAT(text, HasSubstr("\"command\": \"prog\""));
  EXPECT_THAT(text, HasSubstr("<user-1> has it"));
}

TEST(RedactionTest, APartOfAFolderIsNotTakenForTheProgram) {
  Redactor redactor(List({}));
  const auto program_of = [&](const char* command) {
    return redactor.Tree(Document::Of({{"owner_uid", 1000}, {"command", command}}))["command"].ToJson();
  };

  EXPECT_EQ(program_of("python3 --token hunter2"), "\"python3\"");
  EXPECT_EQ(program_of("/bin/sh -c hunter2"), "\"sh\"");
  EXPECT_EQ(program_of("/nonexistent/hunter2 folder/program --token x"), "null");
  EXPECT_EQ(program_of(""), "null");
}

}  // namespace
}  // namespace flexai::cli
