#include "base/document.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>

namespace flexai {
namespace {

Document Sample() {
  return Document::Of(
      {{"name", "pocl-0"},
       {"kind", "cpu"},
       {"memory_bytes", std::uint64_t{5'506'753'536}},
       {"measured_permille", nullptr},
       {"enforced", true},
       {"slices", Document::Array{Document::Of({{"name", "a"}, {"pids", Document::Array{1, 2}}}), Document::Of({{"name", "b"}})}},
       {"warnings", Document::EmptyArray()},
       {"labels", Document::EmptyObject()}});
}

TEST(DocumentTest, WritesJsonOnOneLine) {
  EXPECT_EQ(Sample().ToJson(),
            R"({"name": "pocl-0", "kind": "cpu", "memory_bytes": 5506753536, "measured_permille": null, "enforced": true, )"
            R"("slices": [{"name": "a", "pids": [1, 2]}, {"name": "b"}], "warnings": [], "labels": {}})");
}

TEST(DocumentTest, WritesJsonForPeople) {
  EXPECT_EQ(Document::Of({{"a", Document::Array{1, Document::Of({{"b", nullptr}})}}, {"c", Document::EmptyArray()}}).ToPrettyJson(),
            "{\n  \"a\": [\n    1,\n    {\n      \"b\": null\n    }\n  ],\n  \"c\": []\n}");
}

TEST(DocumentTest, WritesYaml) {
  EXPECT_EQ(Sample().ToYaml(), R"(name: pocl-0
kind: cpu
memory_bytes: 5506753536
measured_permille: null
enforced: true
slices:
  - name: a
    pids:
      - 1
      - 2
  - name: b
warnings: []
labels: {})");
}

TEST(DocumentTest, QuotesInYamlWhatWouldBeReadAsSomethingElse) {
  for (const char* text : {"", "no", "Yes", "NULL", "1.5", "0x10", "a: b", "- a", "a #b", "2026-01-01", "~", "@x", "a ", " a", "key\nvalue",
                           "*a", "&a", "!t", "a'b"})
    EXPECT_EQ(Document(text).ToYaml().front(), '"') << text;
  for (const char* text : {"pocl-0", "AMD EPYC (2 cores)", "node", "a/b_c.d"}) EXPECT_EQ(Document(text).ToYaml(), text);
}

TEST(DocumentTest, EscapesWhatJsonDoesNotAllow) {
  EXPECT_EQ(Document("a\"b\\c\n\t\x01\x7f").ToJson(), R"("a\"b\\c\n\t\u0001\u007f")");
  EXPECT_EQ(Document("gr\xc3\xb6\xc3\x9f"
                     "e \xe2\x82\xac \xf0\x9f\x98\x80")
                .ToJson(),
            "\"gr\xc3\xb6\xc3\x9f"
            "e \xe2\x82\xac \xf0\x9f\x98\x80\"");
}

TEST(DocumentTest, BytesThatAreNoUtf8BecomeTheReplacementCharacter) {
  for (const char* text : {"\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80"}) {
    const std::string json = Document(text).ToJson();
    EXPECT_NE(json.find("\xef\xbf\xbd"), std::string::npos) << json;
    EXPECT_TRUE(Document::ParseJson(json)) << json;
  }
}

TEST(DocumentTest, ReadsBackWhatItWrote) {
  for (const Document& document :
       {Sample(), Document(), Document(std::numeric_limits<std::uint64_t>::max()), Document(-1), Document(0.1)}) {
    const auto read = Document::ParseJson(document.ToPrettyJson());
    ASSERT_TRUE(read);
    EXPECT_EQ(read->ToJson(), document.ToJson());
  }
}

TEST(DocumentTest, NumbersSurviveToTheLastBit) {
  for (const char* text : {"1847600135365838170785671", "2777777777770000000000000000000014521283175554423367", "-0.0", "5e-324", "1e-400",
                           "1.7976931348623157e308", "0.1", "18446744073709551616"}) {
    const auto read = Document::ParseJson(text);
    ASSERT_TRUE(read) << text;
    EXPECT_EQ(read->AsDouble(), std::strtod(text, nullptr)) << text;
    const auto again = Document::ParseJson(read->ToJson());
    ASSERT_TRUE(again) << text;
    EXPECT_EQ(again->ToJson(), read->ToJson());
  }
  EXPECT_FALSE(Document::ParseJson("1e400")) << "a number that is too large is no infinity";
}

TEST(DocumentTest, OfMembersWithOneNameTheLastCounts) {
  const auto document = Document::ParseJson(R"({"a": 1, "b": {"c": 2, "c": 3}, "a": [4, "five", null, true]} )");

  ASSERT_TRUE(document);
  EXPECT_EQ(document->ToJson(), R"({"b": {"c": 3}, "a": [4, "five", null, true]})");
}

TEST(DocumentTest, MembersThatAreMissingReadAsNull) {
  const Document document = Sample();

  EXPECT_TRUE(document["nothing"].IsNull());
  EXPECT_TRUE(document["nothing"]["deeper"].IsNull());
  EXPECT_TRUE(document["name"]["deeper"].Items().empty());
  EXPECT_EQ(document["name"].AsText(), "pocl-0");
  EXPECT_FALSE(document["name"].AsInt());
  EXPECT_FALSE(document["measured_permille"].AsInt());
}

TEST(DocumentTest, NumbersAreReadAsWhatTheyFit) {
  EXPECT_EQ(Document(std::uint64_t{7}).AsInt(), 7);
  EXPECT_FALSE(Document(std::numeric_limits<std::uint64_t>::max()).AsInt());
  EXPECT_FALSE(Document(-1).AsUnsigned());
  EXPECT_EQ(Document(-1).AsDouble(), -1.0);
  EXPECT_TRUE(Document(std::optional<int>()).IsNull());
}

TEST(DocumentTest, ANumberJsonCannotSayIsNull) { EXPECT_EQ(Document(std::numeric_limits<double>::quiet_NaN()).ToJson(), "null"); }

TEST(DocumentTest, RefusesMalformedJson) {
  for (const char* text : {"", "{", "{\"a\":}", "[1,]", "{} {}", "nul", "\"\\x\"", "'a'", "\"\xff\""}) {
    const auto document = Document::ParseJson(text);
    ASSERT_FALSE(document) << text;
    EXPECT_EQ(document.error().code, ErrorCode::kCorrupt);
  }
  EXPECT_FALSE(Document::ParseJson(std::string(1000, '[')));
}

}  // namespace
}  // namespace flexai
