/* SPDX-License-Identifier: Apache-2.0 */
#include "sync/threeway.h"

#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "test.h"

/* Lists in short: of lines "DESCRIPTION QUANTITY PRICE TAX, …", of tags "one, two". A part "-" is absent; NULL: no list. */
struct example {
	const char *what, *base, *ours, *theirs;
	const char *want; /* NULL: a conflict */
};

static void add_part(cJSON *row, const char *key, const char *text)
{
	if (strcmp(text, "-") == 0)
		return;
	json_set(
		row, key, strcmp(key, "description") == 0 ? cJSON_CreateString(text) : json_new_number(text));
}

static cJSON *item_of(const char *text, _Bool lines)
{
	char parts[4][40] = {"-", "-", "-", "-"};
	cJSON *row;

	if (!lines)
		return cJSON_CreateString(text);
	row = cJSON_CreateObject();
	sscanf(text, "%39s %39s %39s %39s", parts[0], parts[1], parts[2], parts[3]);
	add_part(row, "description", parts[0]);
	add_part(row, "quantity", parts[1]);
	add_part(row, "unit_price", parts[2]);
	add_part(row, "tax_rate", parts[3]);
	return row;
}

static cJSON *list_of(const char *text, _Bool lines)
{
	_cleanup_(mem_freep) char *copy = str_dup(text ? text : "");
	cJSON *list = text ? cJSON_CreateArray() : NULL;
	char *rest;

	for (char *item = strtok_r(copy, ",", &rest); item; item = strtok_r(NULL, ",", &rest))
		cJSON_AddItemToArray(list, item_of(item + (*item == ' '), lines));
	return list;
}

static void check_example(const struct field *f, const struct example *x)
{
	_Bool lines = f->kind == FIELD_LINES;
	_cleanup_json_ cJSON *base = list_of(x->base, lines), *ours = list_of(x->ours, lines);
	_cleanup_json_ cJSON *theirs = list_of(x->theirs, lines), *want = list_of(x->want, lines);
	_cleanup_json_ cJSON *got = threeway_list(f, base, ours, theirs);
	_cleanup_(mem_freep) char *got_text = got ? json_print(got) : NULL;
	_cleanup_(mem_freep) char *want_text = want ? json_print(want) : NULL;

	if (!str_equal(got_text, want_text))
		printf("# %s\n", x->what);
	check_text(got_text, want_text);
}

static void check_examples(const char *field, const struct example *examples, size_t count)
{
	const struct field *f = type_field(type_get(field[0] == 't' ? TYPE_CLIENT : TYPE_INVOICE), field);

	for (size_t i = 0; i < count; i++)
		check_example(f, &examples[i]);
}

TEST(tags_merge_as_sets)
{
	static const struct example examples[] = {
		{"one added on each side", "a", "a, b", "a, c", "a, c, b"},
		{"the same added on both sides", "a", "a, b", "a, b", "a, b"},
		{"one removed on each side", "a, b, c", "b, c", "a, b", "b"},
		{"one removed here, another added there", "a, b", "b", "a, b, c", "b, c"},
		{"one added here, another removed there", "a, b", "a, b, c", "b", "b, c"},
		{"all removed here, one added there", "a, b", "", "a, b, c", "c"},
		{"all removed on both sides", "a, b", "", "", ""},
		{"none before", NULL, "a", "b", "b, a"},
		{"none left here", "a", NULL, "a, b", "b"},
		{"none left there", "a", "a, b", NULL, "b"},
		{"case counts", "a", "a, B", "a, b", "a, b, B"},
		{"another order there is kept", "a, b", "a, b, c", "b, a", "b, a, c"},
	};

	check_examples("tags", examples, ARRAY_LEN(examples));
}

TEST(lines_merge_by_identity)
{
	static const struct example examples[] = {
		{"a price here, a quantity of another line there", "Sign 1 100 21, Print 2 50 21",
			"Sign 1 120 21, Print 2 50 21", "Sign 1 100 21, Print 3 50 21",
			"Sign 1 120 21, Print 3 50 21"},
		{"two parts of one line", "Sign 1 100 21", "Sign 1 120 21", "Sign 2 100 21", "Sign 2 120 21"},
		{"the same part of one line, differently", "Sign 1 100 21", "Sign 1 120 21", "Sign 1 130 21",
			NULL},
		{"the same part of one line, alike", "Sign 1 100 21", "Sign 1 120 21", "Sign 1 120 21",
			"Sign 1 120 21"},
		{"a part taken out here, another changed there", "Sign 1 100 21", "Sign 1 100",
			"Sign 2 100 21", "Sign 2 100"},
		{"a part taken out here, changed there", "Sign 1 100 21", "Sign 1 100", "Sign 1 100 9", NULL},
		{"a line added on each side", "Sign 1 100", "Sign 1 100, Ink 1 5", "Sign 1 100, Glue 1 6",
			"Sign 1 100, Ink 1 5, Glue 1 6"},
		{"the same line added on both sides", "Sign 1 100", "Sign 1 100, Ink 1 5",
			"Sign 1 100, Ink 1 5", "Sign 1 100, Ink 1 5"},
		{"the same line added here once, there twice", "Sign 1 100", "Sign 1 100, Ink 1 5",
			"Sign 1 100, Ink 1 5, Ink 1 5", "Sign 1 100, Ink 1 5, Ink 1 5"},
		{"lines of one text added with other prices", "Sign 1 100", "Sign 1 100, Ink 1 5",
			"Sign 1 100, Ink 1 6", "Sign 1 100, Ink 1 5, Ink 1 6"},
		{"a line removed here, another changed there", "Sign 1 100, Print 2 50", "Sign 1 100",
			"Sign 3 100, Print 2 50", "Sign 3 100"},
		{"a line removed here, changed there", "Sign 1 100, Print 2 50", "Sign 1 100",
			"Sign 1 100, Print 3 50", NULL},
		{"a line changed here, removed there", "Sign 1 100, Print 2 50", "Sign 1 100, Print 3 50",
			"Sign 1 100", NULL},
		{"a line removed on both sides", "Sign 1 100, Print 2 50", "Sign 1 100", "Sign 1 100",
			"Sign 1 100"},
		{"one line removed on each side", "Sign 1 100, Print 2 50, Ink 1 5", "Print 2 50, Ink 1 5",
			"Sign 1 100, Print 2 50", "Print 2 50"},
		{"all removed here, nothing there but the order", "Sign 1 100, Print 2 50", "",
			"Print 2 50, Sign 1 100", ""},
		{"all removed here, one added there", "Sign 1 100", "", "Sign 1 100, Ink 1 5", "Ink 1 5"},
		{"no lines before", NULL, "Sign 1 100", "Ink 1 5", "Sign 1 100, Ink 1 5"},
		{"no lines here", "Sign 1 100", NULL, "Sign 1 100, Ink 1 5", "Ink 1 5"},
	};

	check_examples("lines", examples, ARRAY_LEN(examples));
}

TEST(lines_pair_by_text_and_then_by_order)
{
	static const struct example examples[] = {
		{"another text here, another price there", "Sign 1 100", "Signs 1 100", "Sign 1 120",
			"Signs 1 120"},
		{"another text on each side", "Sign 1 100", "Signs 1 100", "Shield 1 100", NULL},
		{"another order here, a price there", "Sign 1 100, Print 2 50", "Print 2 50, Sign 1 100",
			"Sign 1 120, Print 2 50", "Sign 1 120, Print 2 50"},
		{"equal lines: one more here, one changed there", "Hour 1 60, Hour 1 60",
			"Hour 1 60, Hour 1 60, Hour 1 60", "Hour 1 60, Hour 2 60",
			"Hour 1 60, Hour 2 60, Hour 1 60"},
		{"lines of one text keep apart", "Hour 1 60, Hour 2 60", "Hour 3 60, Hour 2 60",
			"Hour 1 60, Hour 2 70", "Hour 3 60, Hour 2 70"},
		{"two other texts here, a quantity there", "Sign 1 100, Print 2 50",
			"Signs 1 100, Prints 2 50", "Sign 1 100, Print 3 50", "Signs 1 100, Prints 3 50"},
		{"a text here that is no longer one of as many", "Sign 1 100, Print 2 50",
			"Signs 1 100, Prints 2 50, Ink 1 5", "Sign 1 100, Print 3 50", NULL},
	};

	check_examples("lines", examples, ARRAY_LEN(examples));
}

/* What is more than can be compared in time is a conflict, not a crash and not a guess. */
TEST(too_many_lines_are_a_conflict)
{
	const struct field *f = type_field(type_get(TYPE_INVOICE), "lines");
	_cleanup_json_ cJSON *base = cJSON_CreateArray(), *ours = NULL, *theirs = NULL, *got = NULL;

	for (int i = 0; i < 500; i++)
		cJSON_AddItemToArray(base, item_of("Hour 1 60", 1));
	ours = cJSON_Duplicate(base, 1);
	theirs = cJSON_Duplicate(base, 1);
	cJSON_DeleteItemFromArray(ours, 0);
	got = threeway_list(f, base, ours, theirs);
	check_int(cJSON_GetArraySize(got), 499);
	cJSON_AddItemToArray(theirs, item_of("Ink 1 5", 1));
	check(!threeway_list(f, base, ours, theirs));
}

TEST(other_fields_do_not_merge)
{
	const struct field *f = type_field(type_get(TYPE_CLIENT), "city");
	_cleanup_json_ cJSON *ours = cJSON_CreateString("Ede"), *theirs = cJSON_CreateString("Ede");

	check(!threeway_list(f, NULL, ours, theirs));
}

TEST_MAIN(TEST_RUN(tags_merge_as_sets), TEST_RUN(lines_merge_by_identity),
	TEST_RUN(lines_pair_by_text_and_then_by_order), TEST_RUN(too_many_lines_are_a_conflict),
	TEST_RUN(other_fields_do_not_merge))
