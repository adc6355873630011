/* SPDX-License-Identifier: Apache-2.0 */
/* The csv connector: its files, its configuration, and other programs at the same sheet. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "seamfs/base/clock.h"
#include "unit/connect/csv_rig.h"

#define NAMES "{'types': {'client': {'file': 'c.csv', 'id': 'id', 'fields': {'name': 'n', 'notes': 'o'}}}}"

TEST(a_sheet_that_is_open_in_libreoffice_is_left_alone)
{
	_cleanup_(mem_freep) char *lock = NULL;
	struct rig rig;

	start(&rig, CLIENTS, "clients.csv", HEADER SOHN);
	lock = rig_path(&rig, ".~lock.clients.csv#");
	rig_write(&rig, ".~lock.clients.csv#", ",me,host,,;");
	check_call(update(&rig, TYPE_CLIENT, "2", "{'name': 'New'}", NULL),
		"EAGAIN: clients.csv is open in LibreOffice; the change is written when it is closed");
	check_int(rig.e.scope, ERR_TOOL);
	check_int(rig.e.retry, ERR_LATER);
	check(!rig.e.sent);
	check_file(&rig, "clients.csv", HEADER SOHN);
	check_list(&rig, TYPE_CLIENT,
		"2 {\"name\":\"Ernst & "
		"Söhne\",\"email\":null,\"since\":null,\"status\":\"active\",\"tags\":null,"
		"\"country\":null}\n");
	unlink(lock);
	free(update(&rig, TYPE_CLIENT, "2", "{'name': 'New'}", NULL));
	check_file(&rig, "clients.csv", HEADER "2;New; 12 ;;;A;;\r\n");
	rig_stop(&rig);
}

TEST(a_sheet_that_is_being_written_in_place_is_left_alone)
{
	_cleanup_(mem_freep) char *path = NULL;
	struct rig rig;
	int fd;

	start(&rig, CLIENTS, "clients.csv", HEADER SOHN);
	path = rig_path(&rig, "clients.csv");
	fd = open(path, O_WRONLY);
	check_call(update(&rig, TYPE_CLIENT, "2", "{'name': 'New'}", NULL),
		"EBUSY: clients.csv is open for writing in another program; the change is written when it is "
		"closed");
	check_int(rig.e.scope, ERR_TOOL);
	check_int(rig.e.retry, ERR_LATER);
	check(!rig.e.sent);
	check_file(&rig, "clients.csv", HEADER SOHN);
	close(fd);
	free(update(&rig, TYPE_CLIENT, "2", "{'name': 'New'}", NULL));
	check_file(&rig, "clients.csv", HEADER "2;New; 12 ;;;A;;\r\n");
	rig_stop(&rig);
}

TEST(a_missing_file_is_no_empty_list)
{
	_cleanup_(mem_freep) char *cursor = NULL, *path = NULL, *text = NULL, *expected = NULL;
	_Bool complete = 0;
	struct remote one;
	struct rig rig;

	start(&rig, CLIENTS, "other.csv", "");
	path = rig_path(&rig, "clients.csv");
	text = listing(&rig, TYPE_CLIENT, &cursor, &complete);
	expected = str_format("error: cannot open %s: No such file or directory", path);
	check_text(text, expected);
	check_int(rig.e.code, ENOENT);
	check_int(rig.e.scope, ERR_TOOL);
	check(!complete && !cursor);
	/* Not ENOENT: that would mean that the record was deleted. */
	check_int(rig.link->ops->get(rig.link, TYPE_CLIENT, "1", &one, &rig.e), -EIO);
	check_int(rig.e.code, EIO);
	rig_stop(&rig);
}

TEST(a_missing_file_is_made_when_wanted)
{
	struct rig rig;

	start(&rig,
		"{'types': {'client': {'file': 'c.csv', 'create': true, 'id': 'ID', 'fields': {'name': "
		"'Name, full'}}}}",
		"other", "");
	check_list(&rig, TYPE_CLIENT, "");
	check_file(&rig, "c.csv", "ID,\"Name, full\"\n");
	check_call(create(&rig, TYPE_CLIENT, "{'name': 'A'}"), "1 {\"name\":\"A\"}\n");
	rig_stop(&rig);
}

TEST(a_sheet_that_cannot_be_understood_is_refused)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"id,n\n1,A\n", "error: c.csv has no column \"o\"; its columns are \"id\", \"n\""},
		{"", "error: c.csv has no column \"id\": it is empty"},
		{"id,n,o\n1,\"A\n", "error: c.csv: line 2: a quoted cell begins here and does not end"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rig rig;

		start(&rig, NAMES, "c.csv", rows[i].text);
		check_list(&rig, TYPE_CLIENT, rows[i].want);
		check_int(rig.e.code, EINVAL);
		check_int(rig.e.scope, ERR_TOOL);
		rig_write(&rig, "c.csv", "id,n,o\n1,A,\n");
		check_list(&rig, TYPE_CLIENT, "1 {\"name\":\"A\",\"notes\":null}\n");
		rig_open(&rig, csv_open, "{'types': {'client': {'file': 'd.csv', 'fields': 'same'}}}");
		rig_write(&rig, "d.csv", "zip,city\n1,A\n");
		check_list(&rig, TYPE_CLIENT,
			"error: d.csv has no column \"name\"; its columns are \"zip\", \"city\"");
		rig_stop(&rig);
	}
}

TEST(texts_are_never_formulas)
{
	static const struct {
		const char *json, *cell;
	} rows[] = {
		{"=1+1", "'=1+1"},
		{"@SUM(A1)", "'@SUM(A1)"},
		{"+49 30 1234", "+49 30 1234"},
		{"- call back", "- call back"},
		{"'=1", "''=1"},
		{"'quoted'", "'quoted'"},
		{"\\t=1", "'\t=1"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(mem_freep) char *changes = str_format("{\"notes\": \"%s\"}", rows[i].json);
		_cleanup_(mem_freep) char *sheet = str_format("id,n,o\n1,A,%s\n", rows[i].cell);
		_cleanup_(mem_freep) char *answer =
			str_format("1 {\"name\":\"A\",\"notes\":\"%s\"}\n", rows[i].json);
		_cleanup_json_ cJSON *fields = NULL;
		struct remote ret;
		struct rig rig;

		start(&rig, NAMES, "c.csv", "id,n,o\n1,A,\n");
		json_parse(changes, strlen(changes), 0, &fields, NULL, NULL);
		check_call(
			remote_text(&rig,
				rig.link->ops->update(rig.link, TYPE_CLIENT, "1", fields, NULL, &ret, &rig.e),
				&ret),
			answer);
		check_file(&rig, "c.csv", sheet);
		check_list(&rig, TYPE_CLIENT, answer);
		rig_stop(&rig);
	}
}

TEST(a_link_to_the_sheet_stays_a_link)
{
	_cleanup_(mem_freep) char *link = NULL;
	struct stat s;
	struct rig rig;

	rig_start(&rig);
	link = rig_path(&rig, "c.csv");
	rig_write(&rig, "real.csv", "id,n,o\n1,A,\n");
	check_int(symlink("real.csv", link), 0);
	check_int(rig_open(&rig, csv_open, NAMES), 0);
	free(update(&rig, TYPE_CLIENT, "1", "{'name': 'B'}", NULL));
	check(lstat(link, &s) == 0 && S_ISLNK(s.st_mode));
	check_file(&rig, "real.csv", "id,n,o\n1,B,\n");
	rig_stop(&rig);
}

TEST(changes_of_others_are_noticed)
{
	_cleanup_(mem_freep) char *from = NULL, *to = NULL, *lock = NULL;
	struct rig rig;

	start(&rig, NAMES, "c.csv", "id,n,o\n1,A,\n");
	from = rig_path(&rig, "new.csv");
	to = rig_path(&rig, "c.csv");
	lock = rig_path(&rig, ".~lock.c.csv#");
	check(rig.link->ops->watch_fd(rig.link) >= 0);
	check(!rig.link->ops->watch_drain(rig.link));
	rig_write(&rig, "new.csv", "id,n,o\n1,B,\n");
	check(!rig_drain(&rig));
	rename(from, to);
	check(rig_drain(&rig));
	rig_write(&rig, ".~lock.c.csv#", "");
	check(rig_drain(&rig));
	unlink(lock);
	check(rig_drain(&rig));
	rig_write(&rig, "c.csv", "id,n,o\n1,C,\n");
	check(rig_drain(&rig));
	check_list(&rig, TYPE_CLIENT, "1 {\"name\":\"C\",\"notes\":null}\n");
	rig_stop(&rig);
}

static int stop_after_one(void *context, const struct remote *remotes, size_t count)
{
	atomic_store((atomic_bool *)context, 1);
	return 0;
}

TEST(a_listing_can_be_stopped)
{
	struct buf b = BUF_INIT(BUF_MAX_SHEET);
	atomic_bool stop = 0;
	char *cursor = NULL;
	_Bool complete = 0;
	struct rig rig;

	buf_puts(&b, "id,n,o\n");
	for (int i = 0; i < 1000; i++)
		buf_printf(&b, "%d,A,\n", i);
	start(&rig, NAMES, "c.csv", buf_text(&b));
	rig.link->stop = &stop;
	check_int(rig.link->ops->list(
			  rig.link, TYPE_CLIENT, NULL, stop_after_one, &stop, &cursor, &complete, &rig.e),
		-ECANCELED);
	check(!cursor && !complete);
	buf_finish(&b);
	rig_stop(&rig);
}

TEST(a_wrong_configuration_names_its_place)
{
	static const struct {
		const char *config, *pointer;
	} rows[] = {
		{"{'types': {'client': {'file': 'c', 'id': 'i'}}, 'pol': 5}", "/pol"},
		{"{'connector': 'csv'}", "/types"},
		{"{'types': {'client': {'connector': 'csv', 'file': 'c'}}}", "/types/client/connector"},
		{"{'types': {}}", "/types"},
		{"{'types': {'cl/ent': {'file': 'c'}}}", "/types/cl~1ent"},
		{"{'types': {'client': {'id': 'i'}}}", "/types/client"},
		{"{'types': {'client': {'file': 'c', 'sheet': 1}}}", "/types/client/sheet"},
		{"{'types': {'client': {'file': 'c', 'fields': 'all'}}}", "/types/client/fields"},
		{"{'types': {'client': {'file': 'c', 'fields': {'city': 'c'}}}}", "/types/client"},
		{"{'types': {'client': {'file': 'c', 'fields': {'nam': 'n'}}}}", "/types/client/fields/nam"},
		{"{'types': {'client': {'file': 'c', 'fields': {'name': 7}}}}", "/types/client/fields/name"},
		{"{'types': {'client': {'file': 'c', 'fields': {'name': {'write': true}}}}}",
			"/types/client/fields/name"},
		{"{'types': {'client': {'file': 'c', 'fields': {'name': {'column': 'n', 'x': 1}}}}}",
			"/types/client/fields/name/x"},
		{"{'types': {'client': {'file': 'c', 'fields': {'name': {'column': 'n', 'date': '%Y'}}}}}",
			"/types/client/fields/name/date"},
		{"{'types': {'client': {'file': 'c', 'fields': {'since': {'column': 'n', 'date': "
		 "'%d.%m.'}}}}}",
			"/types/client/fields/since/date"},
		{"{'types': {'deal': {'file': 'c', 'fields': {'amount': {'column': 'n', 'decimal': ';'}}}}}",
			"/types/deal/fields/amount/decimal"},
		{"{'types': {'client': {'file': 'c', 'fields': {'status': {'column': 'n', 'values': {'old': "
		 "'x'}}}}}}",
			"/types/client/fields/status/values/old"},
		{"{'types': {'client': {'file': 'c', 'fields': {'status': {'column': 'n', 'values': "
		 "{'active': []}}}}}}",
			"/types/client/fields/status/values/active"},
		{"{'types': {'invoice': {'file': 'c', 'id': 'i', 'fields': {'lines': 'l'}}}}",
			"/types/invoice/fields/lines"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rig rig;

		rig_start(&rig);
		check_int(rig_open(&rig, csv_open, rows[i].config), -EINVAL);
		check(strncmp(rig.e.text, rows[i].pointer, strlen(rows[i].pointer)) == 0 &&
			strncmp(rig.e.text + strlen(rows[i].pointer), ": ", 2) == 0);
		check(strncmp(rig.e.field, rows[i].pointer, sizeof(rig.e.field) - 1) == 0);
		rig_stop(&rig);
	}
}

TEST_MAIN(TEST_RUN(a_sheet_that_is_open_in_libreoffice_is_left_alone),
	TEST_RUN(a_sheet_that_is_being_written_in_place_is_left_alone),
	TEST_RUN(a_missing_file_is_no_empty_list), TEST_RUN(a_missing_file_is_made_when_wanted),
	TEST_RUN(a_sheet_that_cannot_be_understood_is_refused), TEST_RUN(texts_are_never_formulas),
	TEST_RUN(a_link_to_the_sheet_stays_a_link), TEST_RUN(changes_of_others_are_noticed),
	TEST_RUN(a_listing_can_be_stopped), TEST_RUN(a_wrong_configuration_names_its_place))
