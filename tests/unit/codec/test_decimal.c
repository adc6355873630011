/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/codec/decimal.h"

#include <errno.h>

#include "test.h"

TEST(money_goes_both_ways)
{
	static const struct {
		const char *text, *currency;
		int64_t minor;
		const char *back;
	} rows[] = {
		{"1200.5", "EUR", 120050, "1200.50"},
		{"-0.01", "EUR", -1, "-0.01"},
		{"1200", "JPY", 1200, "1200"},
		{"1.234", "KWD", 1234, "1.234"},
		{"1e3", "EUR", 100000, "1000.00"},
		{"5.5000", "USD", 550, "5.50"},
		{"92233720368547758.07", "EUR", INT64_MAX, "92233720368547758.07"},
		{"0", "EUR", 0, "0.00"},
		{"-92233720368547758.07", "EUR", -INT64_MAX, "-92233720368547758.07"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[DECIMAL_SIZE];
		int64_t minor = 0;

		check_int(money_parse(rows[i].text, rows[i].currency, &minor), 0);
		check_int(minor, rows[i].minor);
		check_text(money_format(minor, rows[i].currency, text), rows[i].back);
	}
}

TEST(bad_money_is_refused)
{
	int64_t minor;

	check_int(money_parse("1.005", "EUR", &minor), -EDOM);
	check_int(money_parse("1.5", "JPY", &minor), -EDOM);
	check_int(money_parse("abc", "EUR", &minor), -EINVAL);
	check_int(money_parse("", "EUR", &minor), -EINVAL);
	check_int(money_parse("1,5", "EUR", &minor), -EINVAL);
	check_int(money_parse("92233720368547758.08", "EUR", &minor), -ERANGE);
	check_int(money_parse("1e30", "EUR", &minor), -ERANGE);
}

TEST(products_round_half_away_from_zero)
{
	static const struct {
		int64_t minor;
		const char *factor;
		int64_t result;
	} rows[] = {{101, "0.5", 51}, {-101, "0.5", -51}, {100, "0.333", 33}, {4500, "1.25", 5625},
		{1, "0.4999", 0}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct decimal factor;
		int64_t result = 0;

		check_int(decimal_parse(rows[i].factor, &factor), 0);
		check_int(decimal_times(rows[i].minor, factor, &result), 0);
		check_int(result, rows[i].result);
	}
}

TEST_MAIN(TEST_RUN(money_goes_both_ways), TEST_RUN(bad_money_is_refused),
	TEST_RUN(products_round_half_away_from_zero))
