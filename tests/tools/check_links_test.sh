#!/usr/bin/env bash
# tools/check-links finds dead relative links and headings, and leaves code and the web alone.
. "$(dirname "${BASH_SOURCE[0]}")/support.sh"
skip_without python3

put docs/a.md <<'END'
# One thing
[the web](https://example.test/x) [there](b.md) [up](../README.md#what-it-is) [here](#one-thing) [folder](../docs)
`[not a link](nowhere.md)`
```
[code](nowhere.md)
```
END
put docs/b.md <<<'nothing'
put README.md <<<'## What it is'
expect 0 "good links" "$TOOLS/check-links"

put docs/c.md <<'END'
line one
[dead](missing.md)
[no heading](b.md#nothing-of-the-kind)
<img src="picture.png">
END
expect 1 "dead links" "$TOOLS/check-links"
expect_text "docs/c.md:2: missing.md: no such file"
expect_text "docs/c.md:3: b.md#nothing-of-the-kind: no such heading"
expect_text "docs/c.md:4: picture.png"

put src/arbiter.cpp <<<'bool Arbiter::TryAdmit(int n) noexcept { return Fits(n); }  // never Refuse'
put docs/d.md <<'END'
[`Arbiter::TryAdmit`](../src/arbiter.cpp), [`Fits()`](../src/arbiter.cpp), [the arbiter](../src/arbiter.cpp)
[`Arbiter::Admit`](../src/arbiter.cpp) [`Tenant::TryAdmit`](../src/arbiter.cpp) [`Refuse`](../src/arbiter.cpp)
END
expect 1 "names that a file does not have" "$TOOLS/check-links"
expect_no_text "docs/d.md:1"
expect_text "docs/d.md:2: src/arbiter.cpp has no Arbiter::Admit"
expect_text "docs/d.md:2: src/arbiter.cpp has no Tenant::TryAdmit"
expect_text "docs/d.md:2: src/arbiter.cpp has no Refuse"

put .gitignore <<<'missing.md'
put docs/missing.md <<<'here, but not in the repository'
expect 1 "a link to a file that is not in the repository" "$TOOLS/check-links"
expect_text "docs/c.md:2: missing.md"
