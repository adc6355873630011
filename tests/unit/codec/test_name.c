/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/codec/name.h"

#include "seamfs/codec/utf8.h"
#include "test.h"

TEST(names)
{
	static const struct {
		const char *text, *name;
	} rows[] = {
		{"Northwind Traders", "Northwind Traders"},
		{"Ernst & Söhne / \"Nord\"", "Ernst & Söhne ／ ＂Nord＂"},
		{"..", "_"},
		{".", "_"},
		{"", "unnamed"},
		{"CON", "_CON"},
		{"con.txt", "_con.txt"},
		{"Con Ltd", "Con Ltd"},
		{"COM7", "_COM7"},
		{".hidden", "_.hidden"},
		{"-rf", "_-rf"},
		{" padded. ", "padded"},
		{"a\tb\nc", "a b c"},
		{"evil\u202Egpj.exe", "evilgpj.exe"},
		{"zero\u200Bwidth", "zerowidth"},
		{"Cafe\u0301", "Café"},
		{"שלום עולם", "שלום עולם"},
		{"🚀 Launch", "🚀 Launch"},
		{"👩‍👩‍👧 Family", "👩‍👩‍👧 Family"},
		{"bad\xff"
		 "byte",
			"bad\xef\xbf\xbd"
			"byte"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *name = name_safe(rows[i].text, NAME_MAX_BYTES),
		     *again = name_safe(name, NAME_MAX_BYTES);

		check_text(name, rows[i].name);
		check_text(again, name);
		free(name);
		free(again);
	}
}

TEST(long_names_are_cut_between_characters)
{
	char text[1201];
	char *name;

	memset(text, 'a', 300);
	text[300] = '\0';
	name = name_safe(text, NAME_MAX_BYTES);
	check_int(strlen(name), NAME_MAX_BYTES);
	free(name);
	text[0] = '\0';
	for (int i = 0; i < 40; i++)
		strcat(text, "👩‍👩‍👧");
	name = name_safe(text, NAME_MAX_BYTES);
	check(strlen(name) <= NAME_MAX_BYTES);
	check_int(strlen(name) % strlen("👩‍👩‍👧"), 0);
	free(name);
}

TEST(folding)
{
	char *a = name_fold("STRASSE Ä"), *b = name_fold("straße A\u0308");

	check_text(a, b);
	free(a);
	free(b);
}

TEST(any_bytes_give_a_usable_name)
{
	unsigned seed = 1;

	for (int round = 0; round < 20000; round++) {
		char text[40], *name, *again;
		size_t n = (size_t)rand_r(&seed) % 39;

		for (size_t i = 0; i < n; i++)
			text[i] = (char)(1 + rand_r(&seed) % 255);
		text[n] = '\0';
		name = name_safe(text, NAME_MAX_BYTES);
		again = name_safe(name, NAME_MAX_BYTES);
		check(name[0] && name[0] != '.' && !strchr(name, '/') && utf8_valid(name, strlen(name)));
		check_text(again, name);
		free(name);
		free(again);
		if (test_failures)
			return;
	}
}

TEST_MAIN(TEST_RUN(names), TEST_RUN(long_names_are_cut_between_characters), TEST_RUN(folding),
	TEST_RUN(any_bytes_give_a_usable_name))
