/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "seamfs/codec/utf8.h"
#include "test.h"

TEST(a_shortened_text_ends_after_a_whole_character)
{
	static const char *const rows[][2] = {
		{"ten bytes!", "ten bytes!"},
		{"eleven byte", "eleven …"},
		{"Söhne & Söhne", "Söhne …"},
		{"ab££££££", "ab££…"},
		{"abc££££££", "abc££…"},
		{"日本語日本", "日本…"},
		{"", ""},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[40];

		snprintf(text, sizeof(text), "%s", rows[i][0]);
		utf8_shorten(text, 10);
		check_text(text, rows[i][1]);
		check(strlen(text) <= 10 && utf8_valid(text, strlen(text)));
	}
}

TEST(a_terminal_obeys_nothing)
{
	char text[] = "a\033]0;x\007b\177\xc2\x9b"
		      "2J\n\xc3\xa9\xe2\x82\xac";

	utf8_disarm(text);
	check_text(text, "a.]0;x.b...2J\n\xc3\xa9\xe2\x82\xac");
}

TEST_MAIN(TEST_RUN(a_shortened_text_ends_after_a_whole_character), TEST_RUN(a_terminal_obeys_nothing))
