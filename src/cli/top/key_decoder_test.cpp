#include "cli/top/key_decoder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace flexai::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Kind = Key::Kind;

Key Is(Kind kind) { return {.kind = kind}; }
Key Is(char character) { return {.character = character}; }

TEST(KeyDecoderTest, ReadsCharactersAndControlKeys) {
  KeyDecoder decoder;
  EXPECT_THAT(decoder.Feed("q+\r\x7f\x15\x0c"),
              ElementsAre(Is('q'), Is('+'), Is(Kind::kEnter), Is(Kind::kBackspace), Is(Kind::kEraseLine), Is(Kind::kRedraw)));
}

TEST(KeyDecoderTest, ReadsCursorKeysOfBothModesAndWithModifiers) {
  KeyDecoder decoder;
  EXPECT_THAT(decoder.Feed("\x1b[A\x1bOB\x1b[1;5C\x1b[3~\x1b[5~\x1b[6~"),
              ElementsAre(Is(Kind::kUp), Is(Kind::kDown), Is(Kind::kRight), Is(Kind::kDelete), Is(Kind::kPageUp), Is(Kind::kPageDown)));
}

TEST(KeyDecoderTest, PutsASequenceTogetherThatArrivesInPieces) {
  KeyDecoder decoder;
  EXPECT_THAT(decoder.Feed("\x1b"), IsEmpty());
  EXPECT_TRUE(decoder.HasPending());
  EXPECT_THAT(decoder.Feed("["), IsEmpty());
  EXPECT_THAT(decoder.Feed("B"), ElementsAre(Is(Kind::kDown)));
  EXPECT_FALSE(decoder.HasPending());
}

TEST(KeyDecoderTest, ALoneEscapeIsAKeyOnceNothingFollows) {
  KeyDecoder decoder;
  EXPECT_THAT(decoder.Feed("\x1b"), IsEmpty());
  EXPECT_THAT(decoder.Flush(), ElementsAre(Is(Kind::kEscape)));
  EXPECT_FALSE(decoder.HasPending());
  EXPECT_THAT(decoder.Feed("\x1b["), IsEmpty());
  EXPECT_THAT(decoder.Flush(), IsEmpty());
}

TEST(KeyDecoderTest, WhatIsNoKeyIsLeftOut) {
  KeyDecoder decoder;
  EXPECT_THAT(decoder.Feed("\x1b[200~\xc3\xa4\x1b[?1;2c\x1b[Z"), IsEmpty());
  EXPECT_THAT(decoder.Feed("\x1b[12\r"), ElementsAre(Is(Kind::kEnter)));
  EXPECT_THAT(decoder.Feed("\x1b" + std::string("[") + std::string(10000, '1') + "~x"), ElementsAre(Is('x')));
}

}  // namespace
}  // namespace flexai::cli
