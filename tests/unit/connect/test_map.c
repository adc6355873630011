/* SPDX-License-Identifier: Apache-2.0 */
/* Field maps both ways, as tables of manifest, tool's form and our form. */
#include "connect/map_write.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "connect/manifest.h"
#include "connect/stable.h"
#include "seamfs/base/log.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "test.h"

static cJSON *json(const char *text)
{
	cJSON *item = NULL;

	if (text && json_parse(text, strlen(text), JSON_STRICT, &item, NULL, NULL) < 0) {
		printf("# no JSON: %s\n", text);
		abort();
	}
	return item;
}

/* A manifest with one type that has these field maps. */
static struct manifest *manifest(const char *type, const char *fields)
{
	char path[] = "/tmp/seamfs-map-XXXXXX";
	struct manifest *m = NULL;
	struct err e = {0};
	int fd = mkstemp(path);

	dprintf(fd,
		"{\"connector\": \"x\", \"format\": 1, \"title\": \"X\", \"docs\": \"d\", \"tested\": \"t\","
		"\"http\": {\"base\": \"https://x\"}, \"check\": {\"get\": \"/\"},"
		"\"lookups\": {\"table\": {\"get\": \"/t\", \"records\": \"\", \"id\": \"/id\", \"name\": "
		"\"/name\"}},"
		"\"types\": {\"%s\": {\"list\": {\"get\": \"/\", \"records\": \"\"}, \"one\": {\"get\": "
		"\"/\"}, \"fields\": {\"id\": \"/id\", %s}}}}",
		type, fields);
	close(fd);
	if (manifest_load(path, NULL, &m, &e) < 0) {
		printf("# %s\n", e.text);
		abort();
	}
	unlink(path);
	return m;
}

/* A table with one row: 7 is "Seven". */
static int lookup(
	void *context, const char *table, const char *text, _Bool by_name, const char **ret, struct err *e)
{
	*ret = by_name ? "7" : "Seven";
	if (strcmp(text, by_name ? "Seven" : "7") != 0)
		return err_set(e, ENOENT, "no \"%s\" in %s", text, table);
	return 0;
}

static const struct map_env env = {.tool = "x", .currency = "EUR", .key = "key", .lookup = lookup};

static void check_json(int line, const cJSON *got, const char *want_text)
{
	_cleanup_json_ cJSON *want = json(want_text);
	_cleanup_(mem_freep) char *text = NULL;

	if (json_equal(got, want))
		return;
	text = json_print(got);
	printf("# case %d\n", line);
	check_text(text, want_text);
}

static const struct {
	const char *type, *fields; /* the manifest */
	const char *record;	   /* the tool's form */
	const char *doc;	   /* what is read from it */
	const char *body;	   /* what is sent for that doc; NULL: only read */
} both_ways[] = {
	{"client", "\"name\": \"/name\"", "{\"name\": \"A\\r\\nB\"}", "{\"name\": \"A\\nB\"}",
		"{\"name\": \"A\\nB\"}"},
	{"client", "\"name\": \"/a/b/c\", \"city\": \"/a/d\"",
		"{\"a\": {\"b\": {\"c\": \"N\"}, \"d\": \"C\"}}", "{\"name\": \"N\", \"city\": \"C\"}",
		"{\"a\": {\"b\": {\"c\": \"N\"}, \"d\": \"C\"}}"},
	{"client", "\"name\": \"/name\", \"city\": \"/city\"", "{\"name\": \"\", \"city\": null}",
		"{\"name\": null, \"city\": null}", "{}"},
	{"client", "\"zip\": {\"at\": \"/zip\", \"as\": \"int\"}", "{\"zip\": 1234}", "{\"zip\": \"1234\"}",
		"{\"zip\": 1234}"},
	{"client", "\"tags\": \"/tags\"", "{\"tags\": [\"a\", \"b\"]}", "{\"tags\": [\"a\", \"b\"]}",
		"{\"tags\": [\"a\", \"b\"]}"},
	{"client", "\"name\": {\"at\": \"/name\", \"to\": \"/new/name\"}", "{\"name\": \"A\"}",
		"{\"name\": \"A\"}", "{\"new\": {\"name\": \"A\"}}"},
	{"client", "\"status\": \"/s\"", "{\"s\": \"former\"}", "{\"status\": \"former\"}",
		"{\"s\": \"former\"}"},
	{"client",
		"\"status\": {\"at\": \"/s\", \"values\": {\"active\": [1, 2], \"former\": \"x\", "
		"\"prospect\": [true, \"*\"]}}",
		"{\"s\": 1}", "{\"status\": \"active\"}", "{\"s\": 1}"},
	{"client",
		"\"status\": {\"at\": \"/s\", \"values\": {\"active\": [1, 2], \"former\": \"x\", "
		"\"prospect\": [true, \"*\"]}}",
		"{\"s\": 2}", "{\"status\": \"active\"}", "{\"s\": 1}"},
	{"client",
		"\"status\": {\"at\": \"/s\", \"values\": {\"active\": [1, 2], \"former\": \"x\", "
		"\"prospect\": [true, \"*\"]}}",
		"{\"s\": \"?\"}", "{\"status\": \"prospect\"}", "{\"s\": true}"},
	{"task", "\"status\": {\"at\": \"/s\", \"lookup\": \"table\", \"values\": {\"done\": \"Seven\"}}",
		"{\"s\": 7}", "{\"status\": \"done\"}", "{\"s\": \"7\"}"},
	{"task",
		"\"assignee\": {\"at\": \"/who/name\", \"to\": \"/who_id\", \"by\": \"name\", \"lookup\": "
		"\"table\", \"as\": \"int\"}",
		"{\"who\": {\"id\": 7, \"name\": \"Seven\"}}", "{\"assignee\": \"Seven\"}",
		"{\"who_id\": 7}"},
	{"task", "\"due\": \"/due\"", "{\"due\": \"2026-11-23T22:00:00+02:00\"}", "{\"due\": \"2026-11-23\"}",
		"{\"due\": \"2026-11-23\"}"},
	{"task", "\"due\": {\"at\": \"/due\", \"as\": \"unix\"}", "{\"due\": 1795392000}",
		"{\"due\": \"2026-11-23\"}", "{\"due\": 1795392000}"},
	{"task",
		"\"due\": {\"at\": \"/due\", \"as\": \"unix\", \"empty\": 0}, \"notes\": {\"at\": \"/n\", "
		"\"empty\": false}",
		"{\"due\": 0, \"n\": false}", "{\"due\": null, \"notes\": null}", "{}"},
	{"task",
		"\"assignee\": {\"at\": \"/who\", \"lookup\": \"table\", \"as\": \"int\", \"empty\": 0}, "
		"\"estimate_hours\": {\"at\": \"/h\", \"empty\": 0}",
		"{\"who\": 0, \"h\": 0}", "{\"assignee\": null, \"estimate_hours\": 0}", "{\"h\": 0}"},
	{"time", "\"billable\": {\"at\": \"/b\", \"empty\": false}", "{\"b\": false}",
		"{\"billable\": false}", "{\"b\": false}"},
	{"task", "\"due\": {\"at\": \"/due\", \"as\": \"unix-date\", \"empty\": 0}", "{\"due\": 1795429800}",
		"{\"due\": \"2026-11-23\"}", "{\"due\": \"2026-11-23\"}"},
	{"task", "\"due\": {\"at\": \"/due\", \"as\": \"datetime\"}", "{\"due\": \"2026-11-23T00:00:00Z\"}",
		"{\"due\": \"2026-11-23\"}", "{\"due\": \"2026-11-23T00:00:00Z\"}"},
	{"time", "\"hours\": \"/h\"", "{\"h\": \"1.250\"}", "{\"hours\": 1.25}", "{\"h\": 1.25}"},
	{"time", "\"hours\": {\"at\": \"/h\", \"as\": \"decimal-text\"}", "{\"h\": 9007199254740993.1}",
		"{\"hours\": 9007199254740993.1}", "{\"h\": \"9007199254740993.1\"}"},
	{"time", "\"billable\": \"/b\"", "{\"b\": false}", "{\"billable\": false}", "{\"b\": false}"},
	{"time", "\"billable\": {\"at\": \"/b\", \"values\": {\"true\": \"Y\", \"false\": [\"N\", \"\"]}}",
		"{\"b\": \"Y\"}", "{\"billable\": true}", "{\"b\": \"Y\"}"},
	{"deal", "\"amount\": {\"at\": \"/a\", \"as\": \"minor\"}", "{\"a\": 120050}", "{\"amount\": 120050}",
		"{\"a\": 120050}"},
	{"deal", "\"amount\": \"/a\"", "{\"a\": \"1200.5000\"}", "{\"amount\": 120050}", "{\"a\": 1200.50}"},
	{"deal", "\"amount\": {\"at\": \"/a\", \"as\": \"decimal-text\"}, \"currency\": \"/c\"",
		"{\"a\": 1200, \"c\": \"JPY\"}", "{\"amount\": 1200, \"currency\": \"JPY\"}",
		"{\"a\": \"1200\", \"c\": \"JPY\"}"},
	{"deal", "\"amount\": {\"at\": \"/a/value\", \"as\": \"decimal\"}, \"currency\": \"/a/code\"",
		"{\"a\": {\"value\": 1.5, \"code\": \"KWD\"}}", "{\"amount\": 1500, \"currency\": \"KWD\"}",
		"{\"a\": {\"value\": 1.500, \"code\": \"KWD\"}}"},
	{"deal", "\"amount\": \"/a\", \"currency\": {\"at\": \"/c\", \"values\": {\"JPY\": \"jpy\"}}",
		"{\"a\": 1200, \"c\": \"jpy\"}", "{\"amount\": 1200, \"currency\": \"JPY\"}",
		"{\"a\": 1200, \"c\": \"jpy\"}"},
	{"deal", "\"client\": {\"at\": \"/c/id\", \"to\": \"/c_id\", \"ref\": \"client\", \"as\": \"int\"}",
		"{\"c\": {\"id\": 12}}", "{\"client\": {\"id\": \"12\"}}", "{\"c_id\": 12}"},
	{"deal", "\"client\": {\"at\": \"/c\", \"ref\": \"client\", \"by\": \"name\"}", "{\"c\": \"ACME\"}",
		"{\"client\": {\"name\": \"ACME\"}}", "{\"c\": \"ACME\"}"},
	{"invoice",
		"\"lines\": {\"at\": \"/l\", \"fields\": {\"description\": \"/text\", \"quantity\": \"/n\", "
		"\"unit_price\": {\"at\": \"/p\", \"as\": \"minor\"}}}",
		"{\"l\": [{\"text\": \"a\", \"n\": 1.50, \"p\": 5}, {\"text\": \"b\", \"n\": null, \"p\": "
		"7}]}",
		"{\"lines\": [{\"description\": \"a\", \"quantity\": 1.5, \"unit_price\": 5}, "
		"{\"description\": \"b\", \"unit_price\": 7}]}",
		"{\"l\": [{\"text\": \"a\", \"n\": 1.5, \"p\": 5}, {\"text\": \"b\", \"p\": 7}]}"},
	{"task", "\"due\": {\"at\": \"/due\", \"as\": \"unix_ms\"}", "{\"due\": \"1795392000000\"}",
		"{\"due\": \"2026-11-23\"}", "{\"due\": 1795392000000}"},
	{"task", "\"due\": {\"at\": \"/due\", \"as\": \"msdate\"}",
		"{\"due\": \"/Date(1795392000000+0000)/\"}", "{\"due\": \"2026-11-23\"}",
		"{\"due\": \"/Date(1795392000000)/\"}"},
	{"task", "\"due\": {\"at\": \"/due\", \"as\": \"msdate\"}", "{\"due\": \"/Date(-62135596800000)/\"}",
		"{\"due\": \"0001-01-01\"}", "{\"due\": \"/Date(-62135596800000)/\"}"},
	{"task",
		"\"due\": {\"at\": \"/due\", \"as\": \"date-parts\", \"with\": {\"/due/__class__\": "
		"\"date\"}}",
		"{\"due\": {\"year\": 2026, \"month\": 11, \"day\": 3}}", "{\"due\": \"2026-11-03\"}",
		"{\"due\": {\"year\": 2026, \"month\": 11, \"day\": 3, \"__class__\": \"date\"}}"},
	{"time", "\"hours\": {\"at\": \"/s\", \"as\": \"seconds\"}", "{\"s\": 5400}", "{\"hours\": 1.5}",
		"{\"s\": 5400}"},
	{"time", "\"hours\": {\"at\": \"/s\", \"as\": \"seconds\"}", "{\"s\": 100}", "{\"hours\": 0.0278}",
		"{\"s\": 100}"},
	{"time", "\"hours\": {\"at\": \"/s\", \"as\": \"minutes\"}", "{\"s\": 50}", "{\"hours\": 0.8333}",
		"{\"s\": 50}"},
	{"time", "\"hours\": {\"at\": \"/s\", \"as\": \"duration\"}", "{\"s\": \"PT1H30M\"}",
		"{\"hours\": 1.5}", "{\"s\": \"PT1H30M0S\"}"},
	{"time", "\"hours\": {\"at\": \"/s\", \"as\": \"duration\"}", "{\"s\": \"P1DT15M30.5S\"}",
		"{\"hours\": 24.2583}", "{\"s\": \"PT24H15M30S\"}"},
	{"time", "\"hours\": {\"at\": \"/s\", \"as\": \"duration\"}", "{\"s\": \"P1M\"}", "{\"hours\": null}",
		NULL},
	{"time", "\"hours\": {\"at\": \"/s\", \"as\": \"duration\"}",
		"{\"s\": \"P99999999W99999999W99999999W99999999W99999999W99999999W99999999W99999999W\"}",
		"{\"hours\": null}", NULL},
	{"task", "\"due\": {\"at\": \"/due\", \"as\": \"unix\"}", "{\"due\": 9000000000000000}",
		"{\"due\": null}", NULL},
	{"contact", "\"name\": {\"at\": [\"/first\", \"/last\"]}",
		"{\"first\": \"Ana Maria\", \"last\": \"Silva\"}", "{\"name\": \"Ana Maria Silva\"}",
		"{\"first\": \"Ana Maria\", \"last\": \"Silva\"}"},
	{"contact", "\"name\": {\"at\": [\"/first\", \"/last\"]}", "{\"first\": null, \"last\": \"Cher\"}",
		"{\"name\": \"Cher\"}", "{\"first\": \"\", \"last\": \"Cher\"}"},
	{"client", "\"tags\": {\"at\": \"/t\", \"as\": \"comma\"}", "{\"t\": \"a, b b,,c \"}",
		"{\"tags\": [\"a\", \"b b\", \"c\"]}", "{\"t\": \"a, b b, c\"}"},
	{"client", "\"tags\": {\"at\": \"/t\", \"item\": \"/name\"}",
		"{\"t\": [{\"name\": \"a\"}, {\"name\": \"b\"}]}", "{\"tags\": [\"a\", \"b\"]}",
		"{\"t\": [{\"name\": \"a\"}, {\"name\": \"b\"}]}"},
	{"client", "\"street\": \"/a/type=STREET/line\", \"city\": \"/a/type=STREET/city\"",
		"{\"a\": [{\"type\": \"POBOX\", \"line\": \"1\"}, {\"type\": \"STREET\", \"line\": \"2\", "
		"\"city\": \"3\"}]}",
		"{\"street\": \"2\", \"city\": \"3\"}",
		"{\"a\": [{\"line\": \"2\", \"city\": \"3\", \"type\": \"STREET\"}]}"},
	{"client", "\"email\": \"/emails/0/value\"", "{\"emails\": [{\"value\": \"a@b.example\"}]}",
		"{\"email\": \"a@b.example\"}", "{\"emails\": [{\"value\": \"a@b.example\"}]}"},
	{"time", "\"hours\": {\"at\": \"/s\", \"as\": \"milliseconds\"}", "{\"s\": \"5400000\"}",
		"{\"hours\": 1.5}", "{\"s\": 5400000}"},
	{"time", "\"hours\": {\"at\": \"/s\", \"as\": \"clock\"}", "{\"s\": \"1:30\"}", "{\"hours\": 1.5}",
		"{\"s\": \"01:30\"}"},
	{"time", "\"hours\": {\"at\": \"/s\", \"as\": \"clock\"}", "{\"s\": \"1:60\"}", "{\"hours\": null}",
		NULL},
	/* A moment: the day that it is here (TZ, below). */
	{"task", "\"due\": {\"at\": \"/d\", \"as\": \"datetime\", \"zone\": \"local\"}",
		"{\"d\": \"2026-11-24T04:59:59Z\"}", "{\"due\": \"2026-11-23\"}",
		"{\"d\": \"2026-11-23T17:00:00Z\"}"},
	{"task", "\"due\": {\"at\": \"/d\", \"as\": \"unix_ms\", \"zone\": \"local\"}",
		"{\"d\": 1784174400000}", "{\"due\": \"2026-07-16\"}", "{\"d\": 1784217600000}"},
	{"time", "\"task\": {\"at\": [\"/p\", \"/t\"], \"ref\": \"task\"}", "{\"p\": 7, \"t\": \"x:1\"}",
		"{\"task\": {\"id\": \"7:x:1\"}}", "{\"p\": \"7\", \"t\": \"x:1\"}"},
	{"time", "\"task\": {\"at\": [\"/p\", \"/t\"], \"ref\": \"task\"}", "{\"p\": 7, \"t\": null}",
		"{\"task\": null}", "{}"},
	/* The currency is what it means, not what stands there. */
	{"deal",
		"\"amount\": \"/a\", \"currency\": {\"at\": \"/c\", \"values\": {\"JPY\": \"5\", \"EUR\": "
		"\"3\"}}",
		"{\"a\": 1000, \"c\": 5}", "{\"amount\": 1000, \"currency\": \"JPY\"}",
		"{\"a\": 1000, \"c\": \"5\"}"},
	{"client", "\"tags\": \"/t\"", "{\"t\": [\"\", \"a\"]}", "{\"tags\": [\"a\"]}", "{\"t\": [\"a\"]}"},
	{"invoice",
		"\"currency\": \"/c\", \"lines\": {\"at\": \"/l\", \"fields\": {\"description\": \"/text\", "
		"\"unit_price\": {\"at\": \"/p/value\", \"with\": {\"/p/code\": \"{currency}\", \"/kind\": "
		"\"x\"}}, "
		"\"quantity\": {\"at\": \"/n\", \"write\": \"never\"}}}",
		"{\"c\": \"JPY\", \"l\": [{\"text\": \"a\", \"n\": 2, \"p\": {\"value\": 5}}]}",
		"{\"currency\": \"JPY\", \"lines\": [{\"description\": \"a\", \"quantity\": 2, "
		"\"unit_price\": 5}]}",
		"{\"c\": \"JPY\", \"l\": [{\"text\": \"a\", \"p\": {\"value\": 5, \"code\": \"JPY\"}, "
		"\"kind\": "
		"\"x\"}]}"},
	/* What does not fit is shown as empty, not as something else. */
	{"client", "\"status\": \"/s\", \"name\": \"/n\"", "{\"s\": \"strange\", \"n\": \"N\"}",
		"{\"status\": null, \"name\": \"N\"}", NULL},
	{"deal", "\"amount\": \"/a\"", "{\"a\": \"1.005\"}", "{\"amount\": null}", NULL},
	{"deal", "\"amount\": {\"at\": \"/a\", \"as\": \"minor\"}", "{\"a\": 1.5}", "{\"amount\": null}",
		NULL},
	{"time", "\"hours\": \"/h\", \"billable\": \"/b\", \"date\": \"/d\"",
		"{\"h\": \"two\", \"b\": 1, \"d\": \"2026-02-30\"}",
		"{\"hours\": null, \"billable\": null, \"date\": null}", NULL},
	{"deal", "\"client\": {\"at\": \"/c\", \"ref\": \"client\"}, \"tags\": \"/t\"",
		"{\"c\": {\"id\": 1}, \"t\": \"a, b\"}", "{\"client\": null, \"tags\": null}", NULL},
	{"task", "\"assignee\": {\"at\": \"/w\", \"lookup\": \"table\"}", "{\"w\": 8}",
		"{\"assignee\": null}", NULL},
};

TEST(both_ways)
{
	log_set_level(LOG_LEVEL_ERROR);
	setenv("TZ", "EST5EDT,M3.2.0,M11.1.0", 1);
	tzset();
	for (size_t i = 0; i < ARRAY_LEN(both_ways); i++) {
		struct manifest *m = manifest(both_ways[i].type, both_ways[i].fields);
		struct mapping *map = &m->types[type_by_name(both_ways[i].type)->id].map;
		_cleanup_json_ cJSON *record = json(both_ways[i].record);
		_cleanup_json_ cJSON *doc = NULL;
		_cleanup_json_ cJSON *body = NULL;
		struct err e = {0};

		check_int(map_read(map, &env, record, &doc, &e), 0);
		check_json((int)i, doc, both_ways[i].doc);
		if (both_ways[i].body) {
			check_int(map_create(map, &env, doc, &body, &e), 0);
			check_json((int)i, body, both_ways[i].body);
		}
		manifest_free(m);
	}
}

static const struct {
	const char *type, *fields;
	const char *changes, *base;
	const char *body; /* NULL: refused with … */
	int code;
	const char *field;
} writes[] = {
	{"client", "\"name\": \"/n\", \"city\": \"/c\"", "{\"city\": null}", NULL, "{\"c\": null}", 0, NULL},
	{"client", "\"city\": {\"at\": \"/c\", \"empty\": \"\"}", "{\"city\": null}", NULL, "{\"c\": \"\"}",
		0, NULL},
	{"client", "\"city\": {\"at\": \"/c\", \"clear\": false}", "{\"city\": null}", NULL, NULL, EPERM,
		"city"},
	{"client", "\"city\": {\"at\": \"/c/name\", \"clear\": {\"/c\": null}}", "{\"city\": null}", NULL,
		"{\"c\": null}", 0, NULL},
	{"client", "\"tags\": \"/t\"", "{\"tags\": null}", NULL, "{\"t\": []}", 0, NULL},
	{"invoice", "\"lines\": {\"at\": \"/l\", \"fields\": {\"description\": \"/d\"}}", "{\"lines\": null}",
		NULL, "{\"l\": []}", 0, NULL},
	{"task", "\"due\": \"/d\", \"start\": {\"at\": \"/s\", \"with\": {\"/d\": \"{due}\"}}",
		"{\"start\": \"2026-11-01\"}", "{\"due\": \"2026-11-23\"}",
		"{\"s\": \"2026-11-01\", \"d\": \"2026-11-23\"}", 0, NULL},
	{"task", "\"due\": \"/d\", \"start\": {\"at\": \"/s\", \"with\": {\"/d\": \"{due}\"}}",
		"{\"start\": \"2026-11-01\", \"due\": \"2026-11-30\"}", "{\"due\": \"2026-11-23\"}",
		"{\"s\": \"2026-11-01\", \"d\": \"2026-11-30\"}", 0, NULL},
	{"deal", "\"amount\": \"/a\"", "{\"amount\": 1500, \"currency\": \"EUR\"}", NULL, "{\"a\": 15.00}", 0,
		NULL},
	{"deal", "\"amount\": \"/a\"", "{\"amount\": 1500, \"currency\": \"JPY\"}", NULL, NULL, EINVAL,
		"currency"},
	{"deal", "\"amount\": \"/a\", \"title\": \"/t\"", "{\"title\": \"x\", \"currency\": \"JPY\"}", NULL,
		"{\"t\": \"x\"}", 0, NULL},
	{"client", "\"city\": \"/c\"", "{\"zip\": \"1\"}", NULL, NULL, EPERM, "zip"},
	{"client", "\"city\": {\"at\": \"/c\", \"write\": \"create\"}", "{\"city\": \"x\"}", NULL, NULL,
		EPERM, "city"},
	{"client", "\"city\": {\"at\": \"/c\", \"as\": \"int\"}", "{\"city\": \"x\"}", NULL, NULL, EINVAL,
		"city"},
	{"client", "\"zip\": {\"at\": \"/z\", \"as\": \"int\"}", "{\"zip\": \"01234\"}", NULL, NULL, EINVAL,
		"zip"},
	{"client", "\"zip\": {\"at\": \"/z\", \"as\": \"int\"}", "{\"zip\": \"0\"}", NULL, "{\"z\": 0}", 0,
		NULL},
	{"client", "\"status\": {\"at\": \"/s\", \"values\": {\"active\": 1}}", "{\"status\": \"former\"}",
		NULL, NULL, EINVAL, "status"},
	{"client", "\"name\": \"/n/m\", \"city\": \"/n\"", "{\"city\": \"x\", \"name\": \"y\"}", NULL, NULL,
		EINVAL, "name"},
	{"task", "\"assignee\": {\"at\": \"/w\", \"lookup\": \"table\"}", "{\"assignee\": \"Nobody\"}", NULL,
		NULL, EINVAL, "assignee"},
	{"task", "\"due\": \"/d\"", "{\"due\": \"soon\"}", NULL, NULL, EINVAL, "due"},
	{"deal", "\"amount\": \"/a\", \"currency\": \"/c\"", "{\"amount\": 1500}", "{\"currency\": \"JPY\"}",
		"{\"a\": 1500}", 0, NULL},
	{"deal", "\"amount\": \"/a\", \"currency\": \"/c\"", "{\"amount\": 1500, \"currency\": \"EUR\"}",
		"{\"currency\": \"JPY\"}", "{\"a\": 15.00, \"c\": \"EUR\"}", 0, NULL},
	{"deal", "\"amount\": \"/a\"", "{\"amount\": 1500.5}", NULL, NULL, EINVAL, "amount"},
	{"deal", "\"client\": {\"at\": \"/c\", \"ref\": \"client\"}", "{\"client\": {\"name\": \"New\"}}",
		NULL, NULL, EAGAIN, "client"},
	{"deal", "\"client\": {\"at\": \"/c\", \"ref\": \"client\"}",
		"{\"client\": {\"id\": \"a\", \"name\": \"New\"}}", NULL, "{\"c\": \"a\"}", 0, NULL},
};

TEST(changes)
{
	for (size_t i = 0; i < ARRAY_LEN(writes); i++) {
		struct manifest *m = manifest(writes[i].type, writes[i].fields);
		_cleanup_json_ cJSON *changes = json(writes[i].changes);
		_cleanup_json_ cJSON *base = json(writes[i].base);
		_cleanup_json_ cJSON *body = NULL;
		struct map_env with_base = env;
		struct err e = {0};

		with_base.base = base;
		check_int(map_changes(&m->types[type_by_name(writes[i].type)->id].map, &with_base, changes,
				  &body, &e),
			-writes[i].code);
		if (writes[i].body)
			check_json((int)i, body, writes[i].body);
		else
			check_text(e.field, writes[i].field);
		manifest_free(m);
	}
}

TEST(create)
{
	static const char fields[] =
		"\"name\": \"/n\", \"code\": {\"at\": \"/c\", \"write\": \"create\", \"slug\": \"name\"}, "
		"\"notes\": {\"at\": \"/x\", \"write\": \"never\"}, \"client\": {\"at\": \"/k\", \"ref\": "
		"\"client\", \"need\": true}";
	static const struct {
		const char *doc, *body;
		int code;
	} cases[] = {
		{"{\"name\": \"Überprüfung & Co.\", \"notes\": \"n\", \"client\": {\"id\": \"1\"}, \"tags\": "
		 "[]}",
			"{\"n\": \"Überprüfung & Co.\", \"c\": \"uberprufung-co-7e7c\", \"k\": \"1\"}", 0},
		{"{\"name\": \"東京\", \"client\": {\"id\": \"1\"}}",
			"{\"n\": \"東京\", \"c\": \"record-7e7c\", \"k\": \"1\"}", 0},
		{"{\"name\": \"A\", \"code\": \"mine\", \"client\": {\"id\": \"1\"}}",
			"{\"n\": \"A\", \"c\": \"mine\", \"k\": \"1\"}", 0},
		{"{\"name\": \"A\", \"client\": {\"name\": \"New\"}}", NULL, EAGAIN},
		{"{\"name\": \"A\"}", NULL, EINVAL},
	};
	struct manifest *m = manifest("project", fields);

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_cleanup_json_ cJSON *doc = json(cases[i].doc);
		_cleanup_json_ cJSON *body = NULL;
		struct err e = {0};

		check_int(map_create(&m->types[TYPE_PROJECT].map, &env, doc, &body, &e), -cases[i].code);
		if (cases[i].body)
			check_json((int)i, body, cases[i].body);
		else
			check_text(e.field, "client");
	}
	manifest_free(m);
}

TEST(same)
{
	static const struct {
		enum type_id type;
		const char *field, *a, *b;
		_Bool same;
	} cases[] = {
		{TYPE_TIME, "hours", "1.50", "1.5", 1},
		{TYPE_TIME, "hours", "1.5", "1.51", 0},
		{TYPE_TIME, "hours", "null", "0", 0},
		{TYPE_CLIENT, "name", "\"a\"", "\"a\"", 1},
		{TYPE_CLIENT, "name", "\"a\"", "\"A\"", 0},
		{TYPE_DEAL, "client", "{\"id\": \"1\", \"name\": \"x\"}", "{\"id\": \"1\"}", 1},
		{TYPE_DEAL, "client", "{\"id\": \"1\", \"name\": \"x\"}", "{\"id\": \"2\", \"name\": \"x\"}",
			0},
		{TYPE_DEAL, "client", "{\"id\": \"1\", \"name\": \"x\"}", "{\"name\": \"x\"}", 1},
		{TYPE_INVOICE, "lines", "[{\"quantity\": 1.0}]", "[{\"quantity\": 1}]", 1},
		{TYPE_INVOICE, "lines", "[{\"quantity\": 1}]", "[{\"quantity\": 1}, {}]", 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_cleanup_json_ cJSON *a = json(cases[i].a);
		_cleanup_json_ cJSON *b = json(cases[i].b);

		check_int(map_same(type_field(type_get(cases[i].type), cases[i].field), a, b), cases[i].same);
	}
}

TEST(stable)
{
	char uuid[STABLE_UUID_SIZE], again[STABLE_UUID_SIZE], id[16];
	struct id_set set = {0};

	check_text(stable_uuid("0123456789ABCDEF0123456789abcdef", uuid),
		"01234567-89ab-cdef-0123-456789abcdef");
	check_text(stable_uuid("some key", uuid), stable_uuid("some key", again));
	check(strcmp(uuid, stable_uuid("some kez", again)) != 0);
	check(uuid[14] == '4' && strchr("89ab", uuid[19]));
	for (int i = 0; i < 5000; i++) {
		snprintf(id, sizeof(id), "%d", i);
		check(id_set_add(&set, id));
	}
	for (int i = 0; i < 5000; i++) {
		snprintf(id, sizeof(id), "%d", i);
		check(!id_set_add(&set, id));
	}
	check_int(set.count, 5000);
	id_set_finish(&set);
}

TEST_MAIN(TEST_RUN(both_ways), TEST_RUN(changes), TEST_RUN(create), TEST_RUN(same), TEST_RUN(stable))
