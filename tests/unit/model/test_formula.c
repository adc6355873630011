/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/model/formula.h"

#include <errno.h>

#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "test.h"

static struct value a_list(void)
{
	static const char text[] = "[\"a\", 1.50, {\"description\": \"b\"}, {}]";
	struct value v = {.kind = VALUE_LIST};

	json_parse(text, strlen(text), 0, &v.list, NULL, NULL);
	return v;
}

static int get(void *context, const struct value *of, const char *name, struct value *ret, struct err *e)
{
	if (of && of->kind == VALUE_RECORD && strcmp(name, "name") == 0)
		*ret = value_new_text("A/B & Söhne");
	else if (of)
		return err_set(e, EINVAL, "no %s", name);
	else if (strcmp(name, "total") == 0)
		*ret = value_new_money(120050, "EUR");
	else if (strcmp(name, "yen") == 0)
		*ret = value_new_money(1200, "JPY");
	else if (strcmp(name, "due") == 0)
		*ret = value_new_date("2026-01-31");
	else if (strcmp(name, "hours") == 0)
		*ret = (struct value){.kind = VALUE_NUMBER, .decimal = {75, 1}};
	else if (strcmp(name, "client") == 0)
		*ret = (struct value){.kind = VALUE_RECORD, .type = TYPE_CLIENT, .number = 7};
	else if (strcmp(name, "list") == 0)
		*ret = a_list();
	else if (strcmp(name, "nothing") != 0)
		return err_set(e, EINVAL, "there is no %s", name);
	return 0;
}

static char *name(void *context, enum type_id type, int64_t id)
{
	return str_format("%s %lld", type_get(type)->name, (long long)id);
}

static char *next(void *context, const char *prefix, int digits)
{
	return str_format("%s%0*d", prefix, digits, 8);
}

static const struct formula_env env = {.get = get, .name = name, .next = next, .currency = "EUR"};

/* What the text becomes: a letter for the kind, and the value; for what is refused the sentence. */
static void check_value(const char *text, const char *want)
{
	static const char kinds[] = "-tnmdbrl";
	struct buf b = BUF_INIT(10000);
	struct value v = {0};
	struct err e = {0};

	if (formula_value(text, &env, 0, &v, &e) < 0) {
		buf_puts(&b, e.text);
	} else {
		buf_printf(&b, "%c ", kinds[v.kind]);
		value_text(&v, &env, &b);
	}
	check_text(buf_text(&b), want);
	value_finish(&v);
	buf_finish(&b);
}

TEST(a_text_and_what_is_in_it)
{
	check_value("plain", "t plain");
	check_value("", "t ");
	check_value("{total}", "m 1200.50");
	check_value("{ total }", "m 1200.50");
	check_value("{total} EUR", "t 1200.50 EUR");
	check_value("Dear {client.name},\n{{not this}}", "t Dear A/B & Söhne,\n{not this}");
	check_value("{client}", "r client 7");
	check_value("{nothing}", "- ");
	check_value("[{nothing}]", "t []");
	check_value("{'}'}", "t }");
	check_value("{'a' + 'b' + hours}", "t ab7.5");
	check_value("[{list}]", "t [a, 1.50, b, ]");
}

TEST(money_to_the_cent)
{
	check_value("{total + total}", "m 2401.00");
	check_value("{total - total * 2}", "m -1200.50");
	check_value("{-total}", "m -1200.50");
	check_value("{total * 0.19}", "m 228.10"); /* 228.095 */
	check_value("{-total * 0.19}", "m -228.10");
	check_value("{percent(total, 7.5)}", "m 90.04"); /* 90.0375 */
	check_value("{total / 3}", "m 400.17");		 /* 400.1666 */
	check_value("{total / 0.7}", "m 1715.00");
	check_value("{total / total}", "n 1");
	check_value("{yen * hours}", "m 9000");
	check_value("{money(hours)}", "m 7.50");
	check_value("{money(1.005)}", "m 1.01");
	check_value("{hours * 2 + 1}", "n 16");
	check_value("{2 / 3}", "n 0.666667");
	check_value("{1 - 0.9}", "n 0.1");
	check_value("{total + nothing}", "- ");
	check_value("{default(nothing, total)}", "m 1200.50");
	check_value("{total + yen}", "{total + yen}: EUR and JPY are two currencies");
	check_value("{total * total}",
		"{total * total}: an amount of money and an amount of money cannot be multiplied");
	check_value("{total + 1}", "{total + 1}: an amount of money and a number cannot be added");
	check_value("{total / 0}", "{total / 0}: nothing can be divided by zero");
	check_value("{9000000000000000 / 0.000000000000000001}",
		"{9000000000000000 / 0.000000000000000001}: the result is too large");
	check_value("{total * 99999999999999}", "{total * 99999999999999}: the result is too large");
}

TEST(days)
{
	check_value("{due + 1}", "d 2026-02-01");
	check_value("{due - 31}", "d 2025-12-31");
	check_value("{due - (due - 10)}", "n 10");
	check_value("{months(due, 1)}", "d 2026-02-28");
	check_value("{months(due, 25)}", "d 2028-02-29");
	check_value("{months(due, 0 - 2)}", "d 2025-11-30");
	check_value("{month_end(months(due, 1))}", "d 2026-02-28");
	check_value("{month_start(due)}", "d 2026-01-01");
	check_value("{workday(due)}", "d 2026-02-02"); /* a Saturday */
	check_value("{workdays(due, 5)}", "d 2026-02-09");
	check_value("{workdays(due + 2, 4)}", "d 2026-02-06");
	check_value("{format(due, '%d.%m.%Y')}", "t 31.01.2026");
	check_value("{year(due)}", "t 2026");
	/* Where the clocks change a day has 23 or 25 hours, and is still one day. */
	check_value("{due + 57}", "d 2026-03-29");
	check_value("{due + 58}", "d 2026-03-30");
	check_value("{nothing + 14}", "- ");
	check_value("{month_end(nothing)}", "- ");
	check_value("{due + 0.5}", "{due + 0.5}: to a day only whole numbers of days can be added");
	check_value("{month_end(total)}", "{month_end(total)}: month_end() takes a day first");
	check_value("{due + 999999}", "d 4763-12-28");
	check_value("{due - 800000}", "{due - 800000}: the result is too large");
}

TEST(numbers)
{
	check_value("{next('INV-' + year(due) + '-', 4)}", "t INV-2026-0008");
	check_value("{next('INV-', 0)}",
		"{next('INV-', 0)}: next('prefix', digits) takes a text and a number from 1 to 9");
}

TEST(mistakes)
{
	check_value("{", "\"{\" lacks its \"}\"; a brace that is meant as one is written \"{{\"");
	check_value("a } b", "a \"}\" without its \"{\"; a brace that is meant as one is written \"}}\"");
	check_value("{}", "{}: the expression ends too early");
	check_value("{a b}", "{a b}: there is no a");
	check_value("{total total}", "{total total}: \"total\" was not expected in the expression");
	check_value("{nobody()}", "{nobody()}: there is no function nobody()");
	check_value("{months(due)}", "{months(due)}: months() takes 2 values");
	check_value("{money(1,2,3,4,5)}", "{money(1,2,3,4,5)}: a function takes at most 4 values");
	check_value("{1 +}", "{1 +}: the expression ends too early");
	check_value("{'a}", "\"{'a}\" lacks its \"}\"; a brace that is meant as one is written \"{{\"");
	check_value("{1.2.3}", "{1.2.3}: \"1.2.3\" is no number");
	check_value("{((((((((((((((((((((((((((((((((((1))))))))))))))))))))))))))))))))))}",
		"{((((((((((((((((((((((((((((((((((1)))))))))))))))))))))))))}: the expression is nested "
		"too deeply");
}

TEST(file_names)
{
	struct value v = {0};

	check_int(formula_value("Clients/{client.name}/x", &env, 1, &v, NULL), 0);
	check_text(v.text, "Clients/A／B & Söhne/x");
	value_finish(&v);
}

TEST_MAIN(TEST_RUN(a_text_and_what_is_in_it), TEST_RUN(money_to_the_cent), TEST_RUN(days), TEST_RUN(numbers),
	TEST_RUN(mistakes), TEST_RUN(file_names))
