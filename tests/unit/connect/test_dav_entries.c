/* SPDX-License-Identifier: Apache-2.0 */
/* Address books on a server that does what real ones do seldom; tests/system/test_people.sh has a real one. */
#include "connect/dav_entries.h"

#include "connect/drivers.h"
#include "fake.h"

#define KEY  "0123456789abcdef0123456789abcdef"
#define UUID "01234567-89ab-cdef-0123-456789abcdef"

#define MULTI                                                                                                \
	"<multistatus xmlns=`DAV:` xmlns:c=`urn:ietf:params:xml:ns:carddav` "                                \
	"xmlns:s=`http://calendarserver.org/ns/`>"
#define OK   "<status>HTTP/1.1 200 OK</status>"
#define GONE "<status>HTTP/1.1 404 Not Found</status>"
#define SYNCS                                                                                                \
	"<supported-report-set><supported-report><report><sync-collection/></report></supported-report></"   \
	"supported-report-set>"
#define BOOK(path, name, more)                                                                               \
	"<response><href>" path                                                                              \
	"</href><propstat><prop><resourcetype><collection/><c:addressbook/></resourcetype>"                  \
	"<displayname>" name "</displayname>" more "</prop>" OK "</propstat></response>"
#define FOUND                                                                                                \
	"'PROPFIND /book/': [{'status': 207, 'text': '" MULTI BOOK(                                          \
		"/book/", "Work", SYNCS) "</multistatus>'}]"
#define ENTRY(name)                                                                                          \
	"<response><href>/book/" name "</href><propstat><prop><getetag>e</getetag></prop>" OK                \
	"</propstat></response>"
#define LOST(name)   "<response><href>/book/" name "</href>" GONE "</response>"
#define TOKEN(token) "<sync-token>" token "</sync-token>"
#define CARD(lines)  "BEGIN:VCARD\\nVERSION:3.0\\n" lines "\\nEND:VCARD\\n"
#define TEXT(name, card)                                                                                     \
	"<response><href>/book/" name "</href><propstat><prop><getetag>e</getetag><c:address-data>" card     \
	"</c:address-data></prop>" OK "</propstat></response>"
#define ANSWER(parts) "{'status': 207, 'text': '" MULTI parts "</multistatus>'}"
#define JANE	      CARD("UID:1\\nFN:Jane Doe\\nEMAIL:j@x.example\\nX-KEPT:1")
#define GET(status, etag, text)                                                                              \
	"{'status': " status ", 'headers': {'ETag': '" etag                                                  \
	"', 'Content-Type': 'text/vcard'}, 'text': '" text "'}"

struct rig {
	struct fake fake;
	struct tool_link *link;
	struct err e;
	struct buf seen;
	char *cursor;
	_Bool complete;
	struct remote remote;
};

static int rig_open(struct rig *rig, const char *more)
{
	_cleanup_(mem_freep) char *text =
		str_format("{'url': 'http://127.0.0.1:%d/book/'%s}", rig->fake.port, more);
	_cleanup_(mem_freep) char *json = fake_quoted(text);
	struct tool_setup setup = {.name = "people", .base_dir = rig->fake.dir, .stop = &rig->fake.stop};

	cJSON_Delete(rig->fake.config);
	rig->fake.config = fake_json(json);
	setup.config = rig->fake.config;
	if (rig->link)
		rig->link->ops->close(rig->link);
	rig->link = NULL;
	err_clear(&rig->e);
	return carddav_open(&setup, &rig->link, &rig->e);
}

/* In the script ' stands for " and ` for '. */
static void rig_start(struct rig *rig, const char *script)
{
	_cleanup_(mem_freep) char *text = fake_quoted(script);

	for (char *p = text; *p; p++)
		*p = *p == '`' ? '\'' : *p;
	log_set_level(LOG_LEVEL_ERROR);
	*rig = (struct rig){.fake = {.dir = "/tmp/seamfs-dav-XXXXXX"}, .seen = BUF_INIT(BUF_MAX_TEXT)};
	if (!mkdtemp(rig->fake.dir))
		abort();
	fake_serve(&rig->fake, text);
	check_int(rig_open(rig, ""), 0);
}

static void rig_stop(struct rig *rig)
{
	if (rig->link)
		rig->link->ops->close(rig->link);
	buf_finish(&rig->seen);
	free(rig->cursor);
	remote_finish(&rig->remote);
	fake_close(&rig->fake);
}

static int note(void *context, const struct remote *remotes, size_t count)
{
	struct rig *rig = context;

	for (size_t i = 0; i < count; i++)
		buf_printf(&rig->seen, "%s %s\n", remotes[i].id,
			remotes[i].deleted ? "deleted" : json_get_text(remotes[i].doc, "name"));
	return 0;
}

/* Lists from where the last listing ended. */
static int list(struct rig *rig, enum type_id type)
{
	_cleanup_(mem_freep) char *since = rig->cursor;

	rig->cursor = NULL;
	rig->complete = 0;
	buf_clear(&rig->seen);
	err_clear(&rig->e);
	return rig->link->ops->list(rig->link, type, since, note, rig, &rig->cursor, &rig->complete, &rig->e);
}

static int get(struct rig *rig, const char *id)
{
	remote_finish(&rig->remote);
	err_clear(&rig->e);
	return rig->link->ops->get(rig->link, TYPE_CONTACT, id, &rig->remote, &rig->e);
}

static int update(struct rig *rig, const char *id, const char *changes)
{
	_cleanup_(mem_freep) char *text = fake_quoted(changes);
	_cleanup_json_ cJSON *json = fake_json(text);

	remote_finish(&rig->remote);
	err_clear(&rig->e);
	return rig->link->ops->update(rig->link, TYPE_CONTACT, id, json, NULL, &rig->remote, &rig->e);
}

static int create(struct rig *rig)
{
	_cleanup_json_ cJSON *json = fake_json("{\"name\": \"Jane Doe\"}");

	remote_finish(&rig->remote);
	err_clear(&rig->e);
	return rig->link->ops->create(rig->link, TYPE_CONTACT, json, KEY, &rig->remote, &rig->e);
}

TEST(the_collection_is_found_from_any_address)
{
	struct rig rig;
	char *text = NULL;

	rig_start(&rig,
		"{'PROPFIND /book/': [{'status': 405}],"
		"'PROPFIND /.well-known/carddav': [{'status': 301, 'headers': {'Location': '$BASE/dav/'}}],"
		"'PROPFIND /dav/': [" ANSWER(
			"<response><href>/dav/</href><propstat><prop><current-user-principal>"
			"<href>/me/</href></current-user-principal></prop>" OK
			"</propstat></response>") "],"
						  "'PROPFIND /me/': [" ANSWER(
							  "<response><href>/me/</"
							  "href><propstat><prop><c:addressbook-home-set>"
							  "<href>http://elsewhere.example/home/</href></"
							  "c:addressbook-home-set>"
							  "</prop>" OK
							  "</propstat></response>") "],"
										    "'PROPFIND /home/': "
										    "[" ANSWER(BOOK("/home/",
											    "",
											    "") BOOK("/home/"
												     "a/",
											    "Work",
											    "") BOOK("/home/"
												     "b%20c/",
											    "", SYNCS)) "]}");
	check_int((rig.link->ops->check)(rig.link, &text, &rig.e), -EINVAL);
	check(strstr(rig.e.text, "several: \"home\", \"Work\", \"b c\";") != NULL);
	check_int(rig.e.retry, ERR_AFTER_USER);
	check_int(rig_open(&rig, ", 'collection': 'b c'"), 0);
	check_int((rig.link->ops->check)(rig.link, &text, &rig.e), 0);
	check(text && strstr(text, "\"b c\" at http://127.0.0.1:") && strstr(text, "/home/b%20c/"));
	free(text);
	check_int(rig_open(&rig, ", 'collection': 'Play'"), 0);
	check_int((rig.link->ops->check)(rig.link, &text, &rig.e), -EINVAL);
	check(strstr(rig.e.text, "no address book \"Play\"") != NULL);
	check_int(rig_open(&rig, ", 'colour': 'red'"), -EINVAL);
	rig_stop(&rig);
}

TEST(a_collection_that_moves_is_found_again)
{
	struct rig rig;

	rig_start(&rig,
		"{'PROPFIND /book/': [" ANSWER("<response><href>/book/</href><propstat><prop/>" OK
					       "</propstat></response>") "," ANSWER(BOOK("/book/a/", "Work",
			SYNCS)) "," ANSWER("<response><href>/book/</href><propstat><prop/>" OK
					   "</propstat></response>") "," ANSWER(BOOK("/book/b/", "Work",
			SYNCS)) "], 'REPORT /book/a/': [" ANSWER(TOKEN("t1")) ", {'status': 404}],"
									      "'REPORT /book/b/': [" ANSWER(
										      TOKEN("t2")) "]}");
	check_int(list(&rig, TYPE_CONTACT), 0);
	check_text(rig.cursor, "1 book/a t1");
	check_int(list(&rig, TYPE_CONTACT), -EIO);
	check_int(rig.e.scope, ERR_TOOL);
	/* Of another one nothing that was known counts. */
	rig.cursor = str_dup("1 book/a t1");
	check_int(list(&rig, TYPE_CONTACT), 0);
	check_text(rig.cursor, "1 book/b t2");
	check(rig.complete);
	rig_stop(&rig);
}

TEST(a_listing_goes_on_where_the_last_one_ended)
{
	struct rig rig;

	rig_start(&rig, "{" FOUND ", 'REPORT /book/': ["
		/* cut short, so it is asked once more before the texts */
		ANSWER(ENTRY("a.vcf") "<response><href>/book/</href><status>HTTP/1.1 507 Insufficient "
				      "Storage</status>"
				      "</response>" TOKEN("t1")) "," ANSWER(ENTRY("b%20b.vcf") ENTRY("c.vcf")
				TOKEN("t2")) "," ANSWER(TEXT("a.vcf", JANE) TEXT("b%20b.vcf",
			CARD("FN:Acme\\nN:;;;;\\nORG:Acme")) LOST("c.vcf")) "," ANSWER(TOKEN("t3")) ","
		/* then a person becomes a company, and one goes */
		ANSWER(ENTRY("a.vcf") LOST("c.vcf") TOKEN("t4")) "," ANSWER(TEXT("a.vcf",
			CARD("FN:Jane\\nN:;;;;\\nORG:Jane"))) ","
							      /* then the server forgets */
							      "{'status': 403, 'text': '<error "
							      "xmlns=`DAV:`><valid-sync-token/></"
							      "error>'}," ANSWER(ENTRY("b%20b.vcf") TOKEN(
								      "t5")) "," ANSWER(TEXT("b%20b.vcf",
								      JANE)) "]}");
	check_int(list(&rig, TYPE_CONTACT), 0);
	check_text(buf_text(&rig.seen), "a.vcf Jane Doe\n");
	check(rig.complete);
	check_text(rig.cursor, "1 book t2");
	check_int(list(&rig, TYPE_CONTACT), 0);
	check_text(buf_text(&rig.seen), "");
	check(!rig.complete);
	check_int(list(&rig, TYPE_CONTACT), 0);
	check_text(buf_text(&rig.seen), "c.vcf deleted\na.vcf deleted\n");
	check(!rig.complete);
	check_int(list(&rig, TYPE_CONTACT), 0);
	check_text(buf_text(&rig.seen), "b b.vcf Jane Doe\n");
	check(rig.complete);
	check_text(rig.cursor, "1 book t5");
	check_int(fake_logged(&rig.fake, "<d:sync-token>t1</d:sync-token>"), 1);
	rig_stop(&rig);
}

TEST(what_cannot_be_read_deletes_nothing)
{
	struct rig rig;

	rig_start(&rig,
		"{" FOUND ", 'REPORT /book/': [" ANSWER(ENTRY("a.vcf") ENTRY("b.vcf") TOKEN("t1")) "," ANSWER(
			TEXT("a.vcf", "nonsense")
				TEXT("b.vcf", JANE)) "," ANSWER(ENTRY("a.vcf") ENTRY("b.vcf")
				TOKEN("t2")) "," ANSWER(TEXT("a.vcf", JANE)) "," ANSWER(ENTRY("a.vcf")) "]}");
	check_int(list(&rig, TYPE_CONTACT), 0);
	check_text(buf_text(&rig.seen), "b.vcf Jane Doe\n");
	check(!rig.complete);
	check_int(list(&rig, TYPE_CONTACT), -EIO);
	check(strstr(rig.e.text, "asked for 2 entries and gave 1") != NULL);
	check_int(rig.e.scope, ERR_TOOL);
	check(rig.cursor == NULL);
	check_int(list(&rig, TYPE_CONTACT), -EIO);
	rig_stop(&rig);
}

#define TAGGED(tag)                                                                                          \
	"<response><href>/book/</href><propstat><prop><s:getctag>" tag "</s:getctag></prop>" OK              \
	"</propstat></response>"

TEST(a_server_without_sync_is_asked_for_its_tag)
{
	struct rig rig;

	rig_start(&rig,
		"{'PROPFIND /book/': [" ANSWER(BOOK("/book/", "Work", "")) "," ANSWER(TAGGED("1")) "," ANSWER(TAGGED("1") ENTRY(
			"a.vcf")) "," ANSWER(TAGGED("1")) "," ANSWER(TAGGED("2")) "," ANSWER(TAGGED("2")) "],"
													  " '"
													  "RE"
													  "PO"
													  "RT"
													  " /"
													  "bo"
													  "ok"
													  "/'"
													  ": "
													  "[" ANSWER(TEXT(
														  "a.vcf",
														  JANE)) "]}");
	check_int(list(&rig, TYPE_CONTACT), 0);
	check_text(buf_text(&rig.seen), "a.vcf Jane Doe\n");
	check(rig.complete);
	check_int(list(&rig, TYPE_CONTACT), 0);
	check_text(buf_text(&rig.seen), "");
	check(!rig.complete);
	check_int(list(&rig, TYPE_CONTACT), 0);
	check_text(buf_text(&rig.seen), "");
	check(rig.complete);
	rig_stop(&rig);
}

TEST(a_change_is_made_in_the_text_and_version_that_was_read)
{
	struct rig rig;

	rig_start(&rig,
		"{" FOUND ", 'GET /book/a.vcf': [" GET("200", "W/\\\"v1\\\"", JANE) "," GET(
			"200", "\\\"v2\\\"", JANE) "," GET("200", "\\\"v3\\\"",
			JANE) "],"
			      "'PUT /book/a.vcf': [{'status': 204}, {'status': 412}, {'status': 404}]}");
	check_int(get(&rig, "a.vcf"), 0);
	check_text(json_get_text(rig.remote.doc, "email"), "j@x.example");
	check_int(update(&rig, "a.vcf", "{'email': 'n@x.example', 'notes': null}"), 0);
	check_int(fake_logged(&rig.fake, "\"if-match\": \"\\\"v1\\\"\""), 1);
	check_int(fake_logged(&rig.fake, "UID:1\\nFN:Jane Doe\\nEMAIL:n@x.example\\nX-KEPT:1\\nEND:VCARD\\n"),
		1);
	/* Of what another has changed since nothing is overwritten. */
	check_int(update(&rig, "a.vcf", "{'email': 'm@x.example'}"), -ESTALE);
	check_int(rig.e.retry, ERR_NOW);
	check_int(rig.e.scope, ERR_RECORD);
	check_int(update(&rig, "a.vcf", "{'email': 'j@x.example'}"), 0); /* as it is there: nothing is sent */
	check_int(fake_logged(&rig.fake, "\"method\": \"PUT\""), 2);
	check_int(update(&rig, "a.vcf", "{'email': 'm@x.example'}"), -ENOENT);
	rig_stop(&rig);
}

TEST(gone_is_believed_only_while_the_collection_is_there)
{
	struct rig rig;

	rig_start(&rig, "{'PROPFIND /book/': [" ANSWER(BOOK("/book/", "Work", SYNCS)) "," ANSWER(
				TAGGED("1")) ", {'status': 404}," ANSWER(BOOK("/book/", "Work",
				SYNCS)) "], 'GET /book/b.vcf': [{'text': 'no version of it'}]}");
	check_int(get(&rig, "a.vcf"), -ENOENT);
	check_int(get(&rig, "a.vcf"), -EIO);
	check_int(rig.e.scope, ERR_TOOL);
	check_int(get(&rig, "b.vcf"), -EIO);
	rig_stop(&rig);
}

TEST(a_new_record_is_made_once)
{
	struct rig rig;

	rig_start(&rig,
		"{" FOUND ", 'GET /book/" UUID ".vcf': [" GET("200", "1", JANE) "," GET("200", "1",
			JANE) ", {'status': 404}],"
			      "'GET /book/other.vcf': [" GET("200", "1",
				      JANE) "],"
					    "'PUT /book/" UUID ".vcf': [{'status': 201}, {'status': 412},"
					    "{'status': 409, 'text': '<error xmlns=`DAV:`><c:no-uid-conflict "
					    "xmlns:c=`urn:x`/></error>'}, {'status': 201}],"
					    "'REPORT /book/': [" ANSWER(ENTRY("other.vcf")) "," ANSWER(
						    "") "]}");
	check_int(create(&rig), 0);
	check_text(rig.remote.id, UUID ".vcf");
	check_int(fake_logged(&rig.fake, "\"if-none-match\": \"*\""), 1);
	check_int(fake_logged(&rig.fake, "\"content-type\": \"text/vcard; charset=utf-8\""), 1);
	check_int(fake_logged(&rig.fake, "UID:" UUID), 1);
	/* An earlier try had arrived. */
	check_int(create(&rig), 0);
	check_text(rig.remote.id, UUID ".vcf");
	/* So it had, and the server has put it under a name of its own. */
	check_int(create(&rig), 0);
	check_text(rig.remote.id, "other.vcf");
	/* Accepted, and not there: nobody knows. */
	check_int(create(&rig), -EIO);
	check(rig.e.sent);
	check_int(rig.e.scope, ERR_TOOL);
	rig_stop(&rig);
}

TEST_MAIN(TEST_RUN(the_collection_is_found_from_any_address),
	TEST_RUN(a_collection_that_moves_is_found_again),
	TEST_RUN(a_listing_goes_on_where_the_last_one_ended), TEST_RUN(what_cannot_be_read_deletes_nothing),
	TEST_RUN(a_server_without_sync_is_asked_for_its_tag),
	TEST_RUN(a_change_is_made_in_the_text_and_version_that_was_read),
	TEST_RUN(gone_is_believed_only_while_the_collection_is_there), TEST_RUN(a_new_record_is_made_once))
