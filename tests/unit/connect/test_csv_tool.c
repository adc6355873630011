/* SPDX-License-Identifier: Apache-2.0 */
/* The csv connector: rows, cells and ids. */
#include <errno.h>

#include "seamfs/base/clock.h"
#include "unit/connect/csv_rig.h"

TEST(rows_are_records)
{
	struct rig rig;
	struct remote one;
	char *found = NULL;

	start(&rig, CLIENTS, "clients.csv", HEADER ACME "\r\n" SOHN ";;;;;;;\r\n");
	check_list(&rig, TYPE_CLIENT,
		"1 {\"name\":\"Acme, "
		"Inc\",\"email\":\"a@acme.example\",\"since\":\"2026-11-03\",\"status\":\"active\","
		"\"tags\":[\"vip\",\"\\\"big\\\"\"],\"country\":\"DE\"}\n"
		"2 {\"name\":\"Ernst & "
		"Söhne\",\"email\":null,\"since\":null,\"status\":\"active\",\"tags\":null,"
		"\"country\":null}\n");
	check_int(rig.link->ops->get(rig.link, TYPE_CLIENT, "2", &one, &rig.e), 0);
	check_text(one.raw,
		"{\"ID\":\"2\",\"Company\":\"Ernst & Söhne\",\"Phone\":\" 12 \",\"Contact e-mail\":\"\","
		"\"Since\":\"\",\"Status\":\"A\",\"Tags\":\"\",\"Country\":\"\"}");
	remote_finish(&one);
	check_int(rig.link->ops->get(rig.link, TYPE_CLIENT, "3", &one, &rig.e), -ENOENT);
	check_int(rig.e.scope, ERR_RECORD);
	check_int((rig.link->ops->check)(rig.link, &found, &rig.e), 0);
	check_text(found, "clients.csv: 3 rows, 8 columns");
	check_int(rig_logged(&rig, "warning"), 0);
	free(found);
	rig_stop(&rig);
}

TEST(capabilities_tell_what_is_mapped)
{
	const struct type *client = type_get(TYPE_CLIENT);
	const struct capability *c;
	struct rig rig;

	start(&rig, CLIENTS, "clients.csv", HEADER);
	c = &rig.link->capabilities[TYPE_CLIENT];
	check_int(c->type, TYPE_CLIENT);
	check(c->reads & field_bit(client, type_field(client, "country")));
	check(!(c->writes & field_bit(client, type_field(client, "country"))));
	check(!(c->reads & field_bit(client, type_field(client, "phone"))));
	check(c->creates == c->writes && c->scans);
	check_int(c->removes, REMOVE_ERASE);
	check_int(rig.link->capabilities[TYPE_TASK].type, TYPE_NONE);
	rig_open(&rig, csv_open,
		"{'types': {'client': {'file': 'c', 'fields': {'city': 'c',"
		"'name': {'column': 'n', 'write': false}}}}}");
	check_int(rig.link->capabilities[TYPE_CLIENT].creates, 0);
	rig_stop(&rig);
}

TEST(columns_called_like_fields_need_no_map)
{
	const struct type *client = type_get(TYPE_CLIENT);
	struct remote one;
	struct rig rig;

	start(&rig, "{'types': {'client': {'file': 'c.csv'}}}", "c.csv",
		"Id,NAME,zip,extra,zip,extra\n7,Acme,10115,x,2,y\n");
	check_int(rig.link->capabilities[TYPE_CLIENT].reads,
		field_bit(client, type_field(client, "name")) | field_bit(client, type_field(client, "zip")));
	check_list(&rig, TYPE_CLIENT, "7 {\"name\":\"Acme\",\"zip\":\"10115\"}\n");
	check_int(rig.link->ops->get(rig.link, TYPE_CLIENT, "7", &one, &rig.e), 0);
	check_text(one.raw, "{\"Id\":\"7\",\"NAME\":\"Acme\",\"zip\":\"10115\",\"extra\":\"x\"}");
	remote_finish(&one);
	rig_stop(&rig);
}

TEST(a_listing_comes_only_after_a_change)
{
	_cleanup_(mem_freep) char *cursor = NULL, *path = NULL;
	_Bool complete;
	struct rig rig;

	start(&rig, CLIENTS, "clients.csv", HEADER ACME);
	path = rig_path(&rig, "clients.csv");
	free(listing(&rig, TYPE_CLIENT, &cursor, &complete));
	check(complete);
	utimensat(AT_FDCWD, path, NULL, 0);
	check_call(listing(&rig, TYPE_CLIENT, &cursor, &complete), "");
	check(!complete && cursor);
	/* In place, of the same size, within one tick of the clock. */
	rig_write(&rig, "clients.csv", HEADER SOHN);
	free(listing(&rig, TYPE_CLIENT, &cursor, &complete));
	check(complete);
	rig_write(&rig, "clients.csv", HEADER "3;Ernst & Söhne; 12 ;;;a;;\r\n");
	check_call(listing(&rig, TYPE_CLIENT, &cursor, &complete),
		"3 {\"name\":\"Ernst & "
		"Söhne\",\"email\":null,\"since\":null,\"status\":\"active\",\"tags\":null,"
		"\"country\":null}\n");
	check_call(listing(&rig, TYPE_CLIENT, &cursor, &complete), "");
	rig_open(&rig, csv_open,
		"{'types': {'client': {'file': 'clients.csv', 'id': 'ID', 'fields': {'name': 'Company'}}}}");
	check_call(listing(&rig, TYPE_CLIENT, &cursor, &complete), "3 {\"name\":\"Ernst & Söhne\"}\n");
	check(complete);
	rig_stop(&rig);
}

/* What was listed, then written over from here, then put back, is a change, though its bytes were listed before. */
TEST(a_sheet_that_is_put_back_is_listed)
{
	_cleanup_(mem_freep) char *cursor = NULL, *text = NULL;
	_Bool complete;
	struct rig rig;

	start(&rig, CLIENTS, "clients.csv", HEADER ACME);
	free(listing(&rig, TYPE_CLIENT, &cursor, &complete));
	free(update(&rig, TYPE_CLIENT, "1", "{'name': 'Other'}", NULL));
	rig_write(&rig, "clients.csv", HEADER ACME);
	text = listing(&rig, TYPE_CLIENT, &cursor, &complete);
	check(complete && strstr(text, "Acme"));
	check_call(listing(&rig, TYPE_CLIENT, &cursor, &complete), "");
	rig_stop(&rig);
}

static char *get(struct rig *rig, const char *id)
{
	struct remote ret;

	return remote_text(rig, rig->link->ops->get(rig->link, TYPE_CLIENT, id, &ret, &rig->e), &ret);
}

/* What was changed in a row after it was asked for would be written over without anybody having seen it. */
TEST(a_row_that_changes_underneath_is_asked_for_again)
{
	struct rig rig;

	start(&rig, CLIENTS, "clients.csv", HEADER ACME SOHN);
	free(get(&rig, "1"));
	rig_write(&rig, "clients.csv",
		HEADER "1;Acme Ltd;+49 30 1;a@acme.example;03.11.2026;Kunde;;DE\r\n" SOHN);
	check_call(update(&rig, TYPE_CLIENT, "1", "{'name': 'Mine'}", NULL),
		"EAGAIN: clients.csv was changed by another program at this moment");
	check(rig.e.retry == ERR_LATER && rig.e.retry_at_ms && rig.e.scope == ERR_RECORD);
	check_int(rig.link->ops->remove(rig.link, TYPE_CLIENT, "1", &rig.e), -EAGAIN);
	check_file(&rig, "clients.csv",
		HEADER "1;Acme Ltd;+49 30 1;a@acme.example;03.11.2026;Kunde;;DE\r\n" SOHN);
	free(get(&rig, "1"));
	free(update(&rig, TYPE_CLIENT, "1", "{'name': 'Mine'}", NULL));
	check_file(
		&rig, "clients.csv", HEADER "1;Mine;+49 30 1;a@acme.example;03.11.2026;Kunde;;DE\r\n" SOHN);
	rig_stop(&rig);
}

TEST(an_update_changes_only_its_cells)
{
	struct rig rig;

	start(&rig, CLIENTS, "clients.csv", HEADER ACME "\r\n" SOHN);
	check_call(update(&rig, TYPE_CLIENT, "1",
			   "{'email': 'b@acme.example', 'since': '2026-12-24', 'status': 'active', 'tags': "
			   "null}",
			   NULL),
		"1 {\"name\":\"Acme, "
		"Inc\",\"email\":\"b@acme.example\",\"since\":\"2026-12-24\",\"status\":\"active\","
		"\"tags\":null,\"country\":\"DE\"}\n");
	check_file(&rig, "clients.csv",
		HEADER "1;\"Acme, Inc\";+49 30 1;b@acme.example;24.12.2026;Kunde;;DE\r\n"
		       "\r\n" SOHN);
	free(update(&rig, TYPE_CLIENT, "2", "{'status': 'active', 'name': 'Söhne; neu'}", NULL));
	check_file(&rig, "clients.csv",
		HEADER "1;\"Acme, Inc\";+49 30 1;b@acme.example;24.12.2026;Kunde;;DE\r\n"
		       "\r\n2;\"Söhne; neu\"; 12 ;;;A;;\r\n");
	free(update(&rig, TYPE_CLIENT, "2", "{'status': 'prospect', 'country': 'FR'}", NULL));
	check_file(&rig, "clients.csv",
		HEADER "1;\"Acme, Inc\";+49 30 1;b@acme.example;24.12.2026;Kunde;;DE\r\n"
		       "\r\n2;\"Söhne; neu\"; 12 ;;;Interessent;;\r\n");
	rig_stop(&rig);
}

TEST(what_is_there_already_is_not_written)
{
	_cleanup_(mem_freep) char *path = NULL;
	struct stat before, after;
	struct rig rig;

	start(&rig, CLIENTS, "clients.csv", HEADER SOHN);
	path = rig_path(&rig, "clients.csv");
	stat(path, &before);
	free(update(&rig, TYPE_CLIENT, "2", "{'status': 'active', 'name': 'Ernst & Söhne', 'email': null}",
		NULL));
	stat(path, &after);
	check_int(after.st_ino, before.st_ino);
	check_file(&rig, "clients.csv", HEADER SOHN);
	rig_stop(&rig);
}

TEST(each_kind_keeps_the_form_of_the_sheet)
{
	struct rig rig;

	start(&rig,
		"{'types': {'time': {'file': 't.csv', 'id': 'id', 'fields': {'summary': 's', 'project': 'p',"
		"'hours': {'column': 'h', 'decimal': ','}, 'billable': 'b', 'notes': 'n'}},"
		"'deal': {'file': 'd.csv', 'id': 'id', 'fields': {'title': 't', 'amount': {'column': 'a', "
		"'decimal': ','},"
		"'currency': 'c', 'tags': 'g'}}}}",
		"t.csv", "id,s,p,h,b,n\n1,Draft,Brand,\"1,5\",Yes,\" two\nlines \"\n2,Call,,,,\n");
	rig_write(&rig, "d.csv", "id,t,a,c,g\n1,Site,\"1.200,50\",,a;b\n2,App,1200,JPY,\n");
	check_list(&rig, TYPE_TIME,
		"1 {\"summary\":\"Draft\",\"project\":{\"name\":\"Brand\"},\"hours\":1.5,\"billable\":true,"
		"\"notes\":\" two\\nlines \"}\n"
		"2 "
		"{\"summary\":\"Call\",\"project\":null,\"hours\":null,\"billable\":null,\"notes\":null}\n");
	check_list(&rig, TYPE_DEAL,
		"1 {\"title\":\"Site\",\"amount\":120050,\"currency\":null,\"tags\":[\"a\",\"b\"]}\n"
		"2 {\"title\":\"App\",\"amount\":1200,\"currency\":\"JPY\",\"tags\":null}\n");
	free(update(&rig, TYPE_TIME, "1", "{'billable': false, 'hours': 2.25}", NULL));
	free(update(
		&rig, TYPE_TIME, "2", "{'billable': true, 'project': {'id': '4', 'name': 'Site'}}", NULL));
	free(update(&rig, TYPE_TIME, "2", "{'billable': true, 'project': {'id': '4', 'name': 'Site, new'}}",
		NULL));
	check_file(&rig, "t.csv",
		"id,s,p,h,b,n\n1,Draft,Brand,\"2,25\",No,\" two\nlines \"\n2,Call,\"Site, new\",,Yes,\n");
	free(update(&rig, TYPE_DEAL, "1", "{'amount': 120050, 'tags': ['a', 'c']}", NULL));
	free(update(&rig, TYPE_DEAL, "2", "{'amount': 99905, 'currency': 'USD'}", NULL));
	check_file(&rig, "d.csv", "id,t,a,c,g\n1,Site,\"1.200,50\",,a; c\n2,App,\"999,05\",USD,\n");
	rig_stop(&rig);
}

TEST(a_refused_update_leaves_no_trace)
{
	struct rig rig;

	start(&rig,
		"{'types': {'deal': {'file': 'd.csv', 'id': 'i', 'fields': {'title': 't', 'tags': 'g'}}}}",
		"d.csv", "i,t,g\n1,Site,\"a,, \"\n");
	check_call(update(&rig, TYPE_DEAL, "1", "{'title': 'New', 'tags': ['a;b']}", NULL),
		"EINVAL: a cell of d.csv cannot hold this value of tags");
	check_text(rig.e.field, "tags");
	check_list(&rig, TYPE_DEAL, "1 {\"title\":\"Site\",\"tags\":[\"a\"]}\n");
	check_file(&rig, "d.csv", "i,t,g\n1,Site,\"a,, \"\n");
	rig_stop(&rig);
}

TEST(amounts_never_change_their_currency_silently)
{
	struct rig rig;

	start(&rig,
		"{'types': {'deal': {'file': 'd.csv', 'id': 'id', 'fields': {'title': 't', 'amount': 'a'}}}}",
		"d.csv", "id,t,a\n1,Site,5\n");
	check_call(update(&rig, TYPE_DEAL, "1", "{'amount': 700, 'currency': 'JPY'}", NULL),
		"EINVAL: d.csv has amounts in EUR here: amount in JPY cannot be written");
	check_text(rig.e.field, "currency");
	check_call(update(&rig, TYPE_DEAL, "1", "{'amount': 700, 'currency': 'EUR'}", NULL),
		"1 {\"title\":\"Site\",\"amount\":700}\n");
	rig_write(&rig, "d.csv", "id,title,amount,currency\n1,Site,5,USD\n");
	check_int(rig_open(&rig, csv_open, "{'types': {'deal': {'file': 'd.csv'}}}"), 0);
	check_call(update(&rig, TYPE_DEAL, "1", "{'amount': 700}", "{'amount': 500, 'currency': 'JPY'}"),
		"EINVAL: d.csv has amounts in USD here: amount in JPY cannot be written");
	check_call(update(&rig, TYPE_DEAL, "1", "{'amount': 700, 'currency': 'JPY'}",
			   "{'amount': 500, 'currency': 'USD'}"),
		"1 {\"title\":\"Site\",\"amount\":700,\"currency\":\"JPY\"}\n");
	rig_stop(&rig);
}

TEST(numbers_are_read_only_when_they_are_clear)
{
	static const struct {
		const char *decimal, *cell, *amount; /* NULL: left out */
	} rows[] = {
		{",", "1.234.567,5", "123456750"},
		{",", "1.5", NULL},
		{",", "1234.567", NULL},
		{",", "-1 200", "-120000"},
		{",", "1'200,00", "120000"},
		{",", "1,2,3", NULL},
		{",", "-.500", NULL},
		{".", "1,200.5", "120050"},
		{".", "1,5", NULL},
		{".", "1,2000", NULL},
		{",", "12 €", NULL},
		{",", "+3", "300"},
		{".", "1.005", NULL},
		{NULL, "1200.50", "120050"},
		{NULL, "1,200", NULL},
		{NULL, " 7 ", "700"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(mem_freep) char *config = NULL, *sheet = NULL, *want = NULL, *option = NULL;
		struct rig rig;

		option = rows[i].decimal ? str_format(", 'decimal': '%s'", rows[i].decimal) : str_dup("");
		config = str_format("{'types': {'deal': {'file': 'd.csv', 'id': 'i', 'fields':"
				    "{'amount': {'column': 'a'%s}}}}}",
			option);
		sheet = str_format("i;a\n1;%s\n", rows[i].cell);
		want = rows[i].amount ? str_format("1 {\"amount\":%s}\n", rows[i].amount) : str_dup("1 {}\n");
		start(&rig, config, "d.csv", sheet);
		check_list(&rig, TYPE_DEAL, want);
		rig_stop(&rig);
	}
}

TEST(a_bad_cell_is_left_out_and_told_once)
{
	struct rig rig;

	start(&rig, CLIENTS, "clients.csv", HEADER "1;Acme;;;soon;Kunde;;\r\n" SOHN);
	for (int i = 0; i < 3; i++) {
		check_list(&rig, TYPE_CLIENT,
			"1 "
			"{\"name\":\"Acme\",\"email\":null,\"status\":\"active\",\"tags\":null,\"country\":"
			"null}\n"
			"2 {\"name\":\"Ernst & "
			"Söhne\",\"email\":null,\"since\":null,\"status\":\"active\",\"tags\":null,"
			"\"country\":null}\n");
	}
	check_int(rig_logged(&rig, "warning"), 1);
	check_int(rig_logged(&rig,
			  "clients.csv line 2, column \"Since\": \"soon\" is no date; since is left out"),
		1);
	free(update(&rig, TYPE_CLIENT, "1", "{'since': null}", NULL));
	check_file(&rig, "clients.csv", HEADER "1;Acme;;;;Kunde;;\r\n" SOHN);
	rig_stop(&rig);
}

TEST(of_rows_with_one_id_the_first_counts)
{
	struct rig rig;

	start(&rig, "{'types': {'client': {'file': 'c.csv', 'id': 'id', 'fields': {'name': 'n'}}}}", "c.csv",
		"id,n\n2,A\n1,B\n2,C\n");
	for (int i = 0; i < 2; i++)
		check_list(&rig, TYPE_CLIENT, "2 {\"name\":\"A\"}\n1 {\"name\":\"B\"}\n");
	check_int(rig_logged(&rig, "c.csv line 4: the id \"2\" is that of line 2 too; this row is left out"),
		1);
	check_call(update(&rig, TYPE_CLIENT, "2", "{'name': 'D'}", NULL), "2 {\"name\":\"D\"}\n");
	check_file(&rig, "c.csv", "id,n\n2,D\n1,B\n2,C\n");
	rig_stop(&rig);
}

TEST(a_row_without_id_gets_one_that_stays)
{
	struct rig rig;

	start(&rig,
		"{'types': {'client': {'file': 'c.csv', 'id': 'id', 'fields': {'name': 'n', 'city': 'c'}}}}",
		"c.csv", "id,n,c\n7,A,\n ,B,\n,,Rome\n");
	check_list(&rig, TYPE_CLIENT,
		"7 {\"name\":\"A\",\"city\":null}\nrow:B {\"name\":\"B\",\"city\":null}\n");
	check_int(rig_logged(&rig, "c.csv line 4 has neither an id nor a name"), 1);
	check_call(update(&rig, TYPE_CLIENT, "row:B", "{'name': 'New'}", NULL),
		"row:B {\"name\":\"New\",\"city\":null}\n");
	check_file(&rig, "c.csv", "id,n,c\n7,A,\nrow:B,New,\n,,Rome\n");
	check_call(create(&rig, TYPE_CLIENT, "{'name': 'C'}"), "8 {\"name\":\"C\",\"city\":null}\n");
	rig_write(&rig, "c.csv", "vat,n\n,A\n");
	rig_open(&rig, csv_open,
		"{'types': {'client': {'file': 'c.csv', 'id': 'vat',"
		"'fields': {'name': 'n', 'vat_id': 'vat'}}}}");
	check_call(update(&rig, TYPE_CLIENT, "row:A", "{'vat_id': 'DE1'}", NULL),
		"DE1 {\"name\":\"A\",\"vat_id\":\"DE1\"}\n");
	rig_stop(&rig);
}

TEST(a_sheet_without_ids_knows_rows_by_name)
{
	struct rig rig;

	start(&rig, "{'types': {'client': {'file': 'c.csv', 'fields': {'name': 'n', 'city': 'c'}}}}", "c.csv",
		"n,c\nA,\n");
	check_call(update(&rig, TYPE_CLIENT, "row:A", "{'city': 'Rome'}", NULL),
		"row:A {\"name\":\"A\",\"city\":\"Rome\"}\n");
	check_call(update(&rig, TYPE_CLIENT, "row:A", "{'name': 'B'}", NULL),
		"row:B {\"name\":\"B\",\"city\":\"Rome\"}\n");
	check_call(create(&rig, TYPE_CLIENT, "{'name': 'B'}"), "EEXIST: c.csv already has a row row:B");
	check_call(create(&rig, TYPE_CLIENT, "{'city': 'Bonn'}"),
		"EINVAL: a row of c.csv needs a name: nothing else tells it from others");
	check_call(create(&rig, TYPE_CLIENT, "{'name': 'C'}"), "row:C {\"name\":\"C\",\"city\":null}\n");
	check_file(&rig, "c.csv", "n,c\nB,Rome\nC,\n");
	rig_stop(&rig);
}

TEST(new_rows_get_the_next_id)
{
	static const struct {
		const char *before, *after;
	} rows[] = {
		{"id,n\n", "id,n\n1,New\n"},
		{"id,n\r\n9,A\r\n4,B", "id,n\r\n9,A\r\n4,B\r\n10,New"},
		{"id,n\n0099,A\n0004,B\n", "id,n\n0099,A\n0004,B\n0100,New\n"},
		{"id,n\nC-009,A\nrow:B,B\n,C\n", "id,n\nC-009,A\nrow:B,B\n,C\nC-010,New\n"},
		{"id,n\nC-9,A\nD-3,B\n", "id,n\nC-9,A\nD-3,B\nkey-9,New\n"},
		{"id,n\n7f3a,A\n", "id,n\n7f3a,A\nkey-9,New\n"},
		{"id,n\n99999999999999999999,A\n", "id,n\n99999999999999999999,A\nkey-9,New\n"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rig rig;

		start(&rig, "{'types': {'client': {'file': 'c.csv', 'id': 'id', 'fields': {'name': 'n'}}}}",
			"c.csv", rows[i].before);
		free(create(&rig, TYPE_CLIENT, "{'name': 'New'}"));
		check_file(&rig, "c.csv", rows[i].after);
		rig_stop(&rig);
	}
}

TEST(a_row_made_before_a_crash_is_found)
{
	int64_t now = clock_now_ms();
	struct rig rig;

	start(&rig,
		"{'types': {'client': {'file': 'c.csv', 'id': 'id', 'fields': {'name': 'n', 'city': 'c'}}}}",
		"c.csv", "id,n,c\n1,A,Rome\n2,A,\n3,A,\n,,Bonn\n");
	check_call(find(&rig, TYPE_CLIENT, "{'name': 'A'}", now), "3 {\"name\":\"A\",\"city\":null}\n");
	check_call(find(&rig, TYPE_CLIENT, "{'city': 'Bonn'}", now), "ENOENT: c.csv has no such row");
	/* Somebody has changed it since. */
	check_call(find(&rig, TYPE_CLIENT, "{'name': 'A', 'city': 'Bonn'}", now),
		"3 {\"name\":\"A\",\"city\":null}\n");
	check_call(find(&rig, TYPE_CLIENT, "{'name': 'Z', 'city': 'Rome'}", now),
		"ENOENT: c.csv has no such row");
	check_call(find(&rig, TYPE_CLIENT, "{'name': 'A'}", now + 60000),
		"ENOENT: c.csv was not written since then");
	rig_write(&rig, "c.csv", "id,n,c\nkey-9,B,Rome\nkey-8,A,\n");
	check_call(
		find(&rig, TYPE_CLIENT, "{'name': 'A'}", now), "key-9 {\"name\":\"B\",\"city\":\"Rome\"}\n");
	rig_stop(&rig);
}

TEST(a_removed_row_is_gone)
{
	struct rig rig;

	start(&rig, CLIENTS, "clients.csv", HEADER ACME SOHN);
	check_int(rig.link->ops->remove(rig.link, TYPE_CLIENT, "1", &rig.e), 0);
	check_file(&rig, "clients.csv", HEADER SOHN);
	check_int(rig.link->ops->remove(rig.link, TYPE_CLIENT, "1", &rig.e), -ENOENT);
	rig_stop(&rig);
}

TEST_MAIN(TEST_RUN(rows_are_records), TEST_RUN(capabilities_tell_what_is_mapped),
	TEST_RUN(columns_called_like_fields_need_no_map), TEST_RUN(a_listing_comes_only_after_a_change),
	TEST_RUN(a_sheet_that_is_put_back_is_listed),
	TEST_RUN(a_row_that_changes_underneath_is_asked_for_again),
	TEST_RUN(an_update_changes_only_its_cells), TEST_RUN(what_is_there_already_is_not_written),
	TEST_RUN(each_kind_keeps_the_form_of_the_sheet), TEST_RUN(a_refused_update_leaves_no_trace),
	TEST_RUN(amounts_never_change_their_currency_silently),
	TEST_RUN(numbers_are_read_only_when_they_are_clear), TEST_RUN(a_bad_cell_is_left_out_and_told_once),
	TEST_RUN(of_rows_with_one_id_the_first_counts), TEST_RUN(a_row_without_id_gets_one_that_stays),
	TEST_RUN(a_sheet_without_ids_knows_rows_by_name), TEST_RUN(new_rows_get_the_next_id),
	TEST_RUN(a_row_made_before_a_crash_is_found), TEST_RUN(a_removed_row_is_gone))
