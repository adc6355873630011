/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/codec/date.h"

#include "test.h"

TEST(dates)
{
	char date[11], text[32];

	check(date_valid("2024-02-29"));
	check(!date_valid("2023-02-29"));
	check(!date_valid("2026-1-01"));
	check(!date_valid("2026-01-01T"));
	check_int(date_parse("2026-11-23T10:00:00Z", NULL, date), 0);
	check_text(date, "2026-11-23");
	check_int(date_parse("23.11.2026", "%d.%m.%Y", date), 0);
	check_text(date, "2026-11-23");
	check(date_parse("31.02.2026", "%d.%m.%Y", date) < 0);
	check_int(date_format("2026-11-23", "%m/%d/%Y", text, sizeof(text)), 0);
	check_text(text, "11/23/2026");
}

TEST(instants)
{
	int64_t ms = 0;

	check_int(instant_parse("1970-01-01T00:00:01.25Z", &ms), 0);
	check_int(ms, 1250);
	check_int(instant_parse("1970-01-01T01:00:00+01:00", &ms), 0);
	check_int(ms, 0);
	check(instant_parse("1970-01-01T25:00:00Z", &ms) < 0);
	check(instant_parse("yesterday", &ms) < 0);
}

TEST_MAIN(TEST_RUN(dates), TEST_RUN(instants))
