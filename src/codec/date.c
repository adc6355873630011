/* SPDX-License-Identifier: Apache-2.0 */
#include "seamfs/codec/date.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static _Bool day_exists(int year, int month, int day)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	_Bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	if (year < 1 || year > 9999 || month < 1 || month > 12 || day < 1)
		return 0;
	return day <= days[month - 1] + (month == 2 && leap);
}

/* Reads exactly @n digits at *@p. Returns the number or -1. */
static int fixed(const char **p, int n)
{
	int value = 0;

	for (int i = 0; i < n; i++) {
		if (!isdigit((unsigned char)(*p)[i]))
			return -1;
		value = value * 10 + ((*p)[i] - '0');
	}
	*p += n;
	return value;
}

static int iso_date(const char **p, int *year, int *month, int *day)
{
	*year = fixed(p, 4);
	if (*year < 0 || *(*p)++ != '-')
		return -EINVAL;
	*month = fixed(p, 2);
	if (*month < 0 || *(*p)++ != '-')
		return -EINVAL;
	*day = fixed(p, 2);
	return *day >= 0 && day_exists(*year, *month, *day) ? 0 : -EINVAL;
}

_Bool date_valid(const char *text)
{
	int year, month, day;

	return iso_date(&text, &year, &month, &day) == 0 && !*text;
}

static int print_date(int year, int month, int day, char ret[11])
{
	if (!day_exists(year, month, day))
		return -EINVAL;
	snprintf(ret, 11, "%04u-%02u-%02u", (unsigned)year % 10000, (unsigned)month % 100,
		(unsigned)day % 100);
	return 0;
}

int date_parse(const char *text, const char *format, char ret[11])
{
	struct tm t = {0};
	const char *end;
	int year, month, day;

	if (!format) {
		if (iso_date(&text, &year, &month, &day) < 0 || (*text && *text != 'T' && *text != ' '))
			return -EINVAL;
		return print_date(year, month, day, ret);
	}
	end = strptime(text, format, &t);
	if (!end || *end)
		return -EINVAL;
	return print_date(t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, ret);
}

int date_format(const char *date, const char *format, char *ret, unsigned size)
{
	struct tm t = {0};
	const char *p = date;
	int year, month, day;

	if (iso_date(&p, &year, &month, &day) < 0 || *p)
		return -EINVAL;
	t.tm_year = year - 1900;
	t.tm_mon = month - 1;
	t.tm_mday = day;
	return strftime(ret, size, format ? format : "%Y-%m-%d", &t) ? 0 : -EINVAL;
}

/* "Z", "+01:00" or nothing (taken as UTC), in seconds. */
static int zone(const char *p, int *ret_offset)
{
	int sign = *p == '-' ? -1 : 1, hours, minutes;

	*ret_offset = 0;
	if (!*p || ((*p == 'Z' || *p == 'z') && !p[1]))
		return 0;
	if (*p != '+' && *p != '-')
		return -EINVAL;
	p++;
	hours = fixed(&p, 2);
	if (*p == ':')
		p++;
	minutes = fixed(&p, 2);
	if (hours < 0 || minutes < 0 || *p)
		return -EINVAL;
	*ret_offset = sign * (hours * 3600 + minutes * 60);
	return 0;
}

int instant_parse(const char *text, int64_t *ret_ms)
{
	const char *p = text;
	int year, month, day, part = 0, scale = 100, offset;
	struct tm t = {0};

	if (iso_date(&p, &year, &month, &day) < 0 || (*p != 'T' && *p != ' '))
		return -EINVAL;
	p++;
	t.tm_hour = fixed(&p, 2);
	if (t.tm_hour < 0 || *p++ != ':')
		return -EINVAL;
	t.tm_min = fixed(&p, 2);
	if (t.tm_min < 0 || *p++ != ':')
		return -EINVAL;
	t.tm_sec = fixed(&p, 2);
	if (t.tm_hour > 23 || t.tm_min > 59 || t.tm_sec < 0 || t.tm_sec > 60)
		return -EINVAL;
	if (*p == '.') {
		for (p++; isdigit((unsigned char)*p); p++, scale /= 10)
			part += (*p - '0') * scale;
	}
	if (zone(p, &offset) < 0)
		return -EINVAL;
	t.tm_year = year - 1900;
	t.tm_mon = month - 1;
	t.tm_mday = day;
	*ret_ms = ((int64_t)timegm(&t) - offset) * 1000 + part;
	return 0;
}

/* ---- reckoning ---- */

/* Civil days of the proleptic Gregorian calendar, counted in years that begin in March. */
static int64_t count_days(int64_t year, int64_t month, int64_t day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t of_era = y - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static void parts_of(const char *date, int *year, int *month, int *day)
{
	*year = *month = *day = 1;
	(void)iso_date(&date, year, month, day);
}

int64_t date_days(const char *date)
{
	int year, month, day;

	parts_of(date, &year, &month, &day);
	return count_days(year, month, day);
}

int date_of_days(int64_t days, char ret[11])
{
	struct tm t;
	time_t seconds = (time_t)days * 86400;

	if (days < count_days(1, 1, 1) || days > count_days(9999, 12, 31) || !gmtime_r(&seconds, &t))
		return -ERANGE;
	return print_date(t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, ret);
}

int date_add_months(const char *date, int64_t months, char ret[11])
{
	int year, month, day;
	int64_t total;

	parts_of(date, &year, &month, &day);
	total = (int64_t)year * 12 + month - 1 + months;
	if (total < 12 || total >= 10000 * 12)
		return -ERANGE;
	while (print_date((int)(total / 12), (int)(total % 12) + 1, day, ret) < 0)
		day--;
	return 0;
}

int date_month_end(const char *date, char ret[11])
{
	int year, month, day = 31;

	parts_of(date, &year, &month, &day);
	for (day = 31; print_date(year, month, day, ret) < 0; day--)
		;
	return 0;
}

static _Bool weekend(int64_t days)
{
	int64_t weekday = ((days + 3) % 7 + 7) % 7; /* 0: Monday; day 0 was a Thursday */

	return weekday > 4;
}

int date_add_workdays(const char *date, int64_t days, char ret[11])
{
	int64_t day = date_days(date);

	while (weekend(day))
		day++;
	for (; days > 0; days--) {
		do
			day++;
		while (weekend(day));
	}
	return date_of_days(day, ret);
}

void date_local(int64_t ms, char ret[11], int *ret_minute)
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm t;

	localtime_r(&seconds, &t);
	(void)print_date(t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, ret);
	*ret_minute = t.tm_hour * 60 + t.tm_min;
}
