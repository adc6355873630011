/* SPDX-License-Identifier: Apache-2.0 */
/* Drafts of manifests: what is made of a document, and a sentence for every document that nothing can be made of. */
#include "seamfs/connect/draft.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "seamfs/base/file.h"
#include "seamfs/base/mem.h"
#include "seamfs/codec/json.h"
#include "seamfs/connect/registry.h"
#include "test.h"

/* Documents are written with ' for ". */
static char *quoted(const char *text)
{
	char *copy = str_dup(text);

	for (char *p = copy; *p; p++)
		*p = *p == '\'' ? '"' : *p;
	return copy;
}

/* clang-format off */
static const char modern[] =
	"{'openapi': '3.0.3', 'info': {'title': 'Books API'}, 'externalDocs': {'url': 'https://books.example/docs'},"
	" 'servers': [{'url': 'https://api.books.invalid/v1/'}], 'security': [{'key': []}],"
	" 'paths': {"
	"  '/me': {'get': {'responses': {'200': {'content': {'application/json': {'schema': {'$ref': '#/components/schemas/Me'}}}}}}},"
	"  '/customers': {"
	"   'parameters': [{'$ref': '#/components/parameters/Page'}],"
	"   'get': {'parameters': [{'name': 'per_page', 'in': 'query', 'schema': {'type': 'integer', 'maximum': 50}},"
	"     {'name': 'updated_since', 'in': 'query', 'schema': {'type': 'string', 'format': 'date-time'}}],"
	"    'responses': {'200': {'content': {'application/json': {'schema': {'type': 'object', 'properties': {"
	"     'data': {'type': 'array', 'items': {'$ref': '#/components/schemas/Customer'}}, 'total_pages': {'type': 'integer'}}}}}}}},"
	"   'post': {'parameters': [{'name': 'Idempotency-Key', 'in': 'header', 'schema': {'type': 'string'}}],"
	"    'requestBody': {'content': {'application/json': {'schema': {'type': 'object', 'properties': {"
	"     'customer': {'$ref': '#/components/schemas/Customer'}}}}}},"
	"    'responses': {'201': {'content': {'application/json': {'schema': {'$ref': '#/components/schemas/Customer'}}}},"
	"     '422': {'content': {'application/json': {'schema': {'type': 'object', 'properties': {'message': {'type': 'string'}}}}}}}}},"
	"  '/customers/{customer_id}': {"
	"   'get': {'responses': {'200': {'content': {'application/json': {'schema': {'$ref': '#/components/schemas/Customer'}}}}}},"
	"   'patch': {'requestBody': {'content': {'application/json': {'schema': {'$ref': '#/components/schemas/Customer'}}}},"
	"    'responses': {'204': {}}},"
	"   'delete': {'responses': {'204': {}}}},"
	"  '/teams/{teamId}/invoices': {"
	"   'get': {'parameters': [{'name': 'teamId', 'in': 'path'}],"
	"    'responses': {'200': {'content': {'application/json': {'schema': {'type': 'array',"
	"     'items': {'$ref': '#/components/schemas/Invoice'}}}}}}},"
	"   'post': {'requestBody': {'content': {'application/json': {'schema': {'$ref': '#/components/schemas/NewInvoice'}}}},"
	"    'responses': {'201': {'content': {'application/json': {'schema': {'$ref': '#/components/schemas/Invoice'}}}}}}},"
	"  '/teams/{teamId}/invoices/{id}': {"
	"   'get': {'responses': {'200': {'content': {'application/json': {'schema': {'type': 'object', 'properties': {"
	"     'invoice': {'$ref': '#/components/schemas/Invoice'}}}}}}}}}},"
	" 'components': {"
	"  'securitySchemes': {'key': {'type': 'apiKey', 'in': 'header', 'name': 'X-Api-Key'}},"
	"  'parameters': {'Page': {'name': 'page', 'in': 'query', 'schema': {'type': 'integer', 'default': 0}}},"
	"  'schemas': {"
	"   'Me': {'type': 'object', 'properties': {'id': {'type': 'integer'}, 'email': {'type': 'string'}}},"
	"   'Base': {'type': 'object', 'properties': {'id': {'type': 'integer', 'readOnly': true},"
	"    'created_at': {'type': 'integer'}, 'updated_at': {'type': 'string', 'format': 'date-time'}}},"
	"   'Customer': {'allOf': [{'$ref': '#/components/schemas/Base'}, {'type': 'object', 'properties': {"
	"    'company_name': {'type': 'string'}, 'archived': {'type': 'boolean'}, 'email': {'type': ['string', 'null']},"
	"    'address': {'type': 'object', 'properties': {'postal_code': {'type': 'string'}, 'town': {'type': 'string'}}}}}]},"
	"   'Invoice': {'type': 'object', 'properties': {'id': {'type': 'string'}, 'invoice_number': {'type': 'string'},"
	"    'customer': {'type': 'object', 'properties': {'id': {'type': 'integer'}}},"
	"    'status': {'type': 'string', 'enum': ['draft', 'open', 'viewed', 'paid', 'odd']},"
	"    'issued_at': {'type': 'string', 'format': 'date-time'}, 'due_date': {'type': 'string', 'format': 'date'},"
	"    'total': {'type': 'integer', 'description': 'In cents'},"
	"    'line_items': {'type': 'array', 'items': {'type': 'object', 'properties': {"
	"     'description': {'type': 'string'}, 'quantity': {'type': 'number'}, 'rate': {'type': 'string'}}}}}},"
	"   'NewInvoice': {'type': 'object', 'required': ['customer_id', 'template'], 'properties': {"
	"    'customer_id': {'type': 'integer'}, 'template': {'type': 'string'}, 'due_date': {'type': 'string'},"
	"    'line_items': {'type': 'array', 'items': {'type': 'object'}}}}}}}";

static const char old[] =
	"{'swagger': '2.0', 'info': {'title': 'Board'}, 'host': 'localhost:8080', 'basePath': '/api',"
	" 'securityDefinitions': {'o': {'type': 'oauth2', 'flow': 'accessCode', 'authorizationUrl': 'https://b.example/auth',"
	"  'tokenUrl': 'https://b.example/token', 'scopes': {'read': '', 'write': ''}}},"
	" 'paths': {"
	"  '/projects.json': {'get': {'parameters': [{'name': 'offset', 'in': 'query', 'type': 'integer'},"
	"    {'name': 'limit', 'in': 'query', 'type': 'integer', 'description': 'at most; maximum 30'}],"
	"   'responses': {'200': {'schema': {'type': 'object', 'properties': {'total_count': {'type': 'integer'},"
	"    'projects': {'type': 'array', 'items': {'$ref': '#/definitions/Project'}}}}}}}},"
	"  '/projects/{id}.json': {'get': {'responses': {'200': {'schema': {'$ref': '#/definitions/Project'}}}}},"
	"  '/projects/{project_id}/tasks': {'get': {'responses': {'200': {'schema': {'type': 'array',"
	"    'items': {'$ref': '#/definitions/Task'}}}}},"
	"   'post': {'parameters': [{'name': 'title', 'in': 'formData', 'type': 'string', 'required': true}],"
	"    'responses': {'200': {}}}},"
	"  '/projects/{project_id}/tasks/{task_id}': {'get': {'responses': {'200': {'schema': {'$ref': '#/definitions/Task'}}}},"
	"   'put': {'parameters': [{'name': 'body', 'in': 'body', 'schema': {'$ref': '#/definitions/Task'}}],"
	"    'responses': {'200': {'schema': {'$ref': '#/definitions/Task'}}}}}},"
	" 'definitions': {"
	"  'Project': {'type': 'object', 'properties': {'id': {'type': 'integer'}, 'name': {'type': 'string'}}},"
	"  'Task': {'type': 'object', 'properties': {'id': {'type': 'integer'}, 'title': {'type': 'string'},"
	"   'parent': {'$ref': '#/definitions/Task'}, 'time_estimate': {'type': 'integer', 'description': 'seconds'}}}}}";
/* clang-format on */

/* Drafts, checks that the manifest loads as a file does, and returns it parsed; NULL with the sentence in @e. */
static cJSON *drafted(const char *document, struct draft_order *order, struct buf *notes, struct err *e)
{
	_cleanup_(mem_freep) char *text = quoted(document);
	_cleanup_(buf_finish) struct buf manifest = BUF_INIT(BUF_MAX_CONFIG);
	char path[] = "/tmp/test-draft-XXXXXX";
	int fd = mkstemp(path);
	struct err reason = {0};
	cJSON *root = NULL;

	order->path = "spec.json";
	if (draft_make(text, strlen(text), order, &manifest, notes, e) == 0) {
		check_int(write(fd, manifest.data, manifest.len), (long long)manifest.len);
		check_int(connect_check_manifest(path, &reason), 0);
		check_text(reason.text, "");
		check_int(json_parse(buf_text(&manifest), manifest.len, JSON_STRICT, &root, NULL, e), 0);
	}
	close(fd);
	unlink(path);
	return root;
}

static void check_at(const cJSON *root, const char *pointer, const char *want)
{
	_cleanup_(mem_freep) char *got = json_at(root, pointer) ? json_print(json_at(root, pointer)) : NULL;
	_cleanup_(mem_freep) char *text = want ? quoted(want) : NULL;

	if (!str_equal(got, text))
		printf("# at %s\n", pointer);
	check_text(got, text);
}

TEST(openapi_3_head)
{
	_cleanup_(buf_finish) struct buf notes = BUF_INIT(BUF_MAX_CONFIG);
	struct draft_order order = {0};
	struct err e = {0};
	_cleanup_json_ cJSON *m = drafted(modern, &order, &notes, &e);

	check_text(e.text, "");
	check_at(m, "/connector", "'books'");
	check_at(m, "/tested", "false");
	check_at(m, "/docs", "['https://books.example/docs']");
	check_at(m, "/settings/key/secret", "true");
	check_at(m, "/http",
		"{'base':'https://api.books.invalid/v1','headers':{'X-Api-Key':'{key}'},'body':'json'}");
	check_at(m, "/check", "{'get':'/me','me':'/email'}");
	check_at(m, "/page",
		"{'by':'page','param':'page','size':'per_page','max':50,'first':0,'pages':'/total_pages'}");
	check_at(m, "/errors", "[{'status':[400,403,404,422],'message':'/message'}]");
	check(strstr(buf_text(&notes), "client: delete: whether it erases for good") != NULL);
	check(strstr(buf_text(&notes), "tested: false until") != NULL);
}

TEST(openapi_3_client)
{
	_cleanup_(buf_finish) struct buf notes = BUF_INIT(BUF_MAX_CONFIG);
	struct draft_order order = {0};
	struct err e = {0};
	_cleanup_json_ cJSON *m = drafted(modern, &order, &notes, &e);

	check_at(m, "/types/client/list", "{'get':'/customers','records':'/data'}");
	check_at(m, "/types/client/one", "{'get':'/customers/{id}'}");
	check_at(m, "/types/client/create", "{'post':'/customers','wrap':'/customer','returns':'record'}");
	check_at(m, "/types/client/update",
		"{'patch':'/customers/{id}','send':'changed','returns':'nothing'}");
	check_at(m, "/types/client/delete", "{'delete':'/customers/{id}','means':'erase'}");
	check_at(m, "/types/client/once", "{'by':'header','name':'Idempotency-Key'}");
	check_at(m, "/types/client/changes",
		"{'by':'since','query':{'updated_since':'{since}'},'grain':'1s','overlap':'10s'}");
	check_at(m, "/types/client/page", NULL);
	check_at(m, "/types/client/fields",
		"{'id':'/id','created':{'at':'/created_at','as':'unix'},'updated':'/updated_at',"
		"'name':'/company_name',"
		"'status':{'at':'/archived','values':{'former':true,'active':false}},'email':'/email',"
		"'zip':'/address/postal_code','city':'/address/town'}");
}

TEST(openapi_3_invoice)
{
	_cleanup_(buf_finish) struct buf notes = BUF_INIT(BUF_MAX_CONFIG);
	struct draft_order order = {0};
	struct err e = {0};
	_cleanup_json_ cJSON *m = drafted(modern, &order, &notes, &e);

	check_at(m, "/settings/team/label",
		"'What stands for {teamId} in the address /teams/{teamId}/invoices'");
	check_at(m, "/types/invoice/list", "{'get':'/teams/{team}/invoices','records':''}");
	check_at(m, "/types/invoice/one", "{'get':'/teams/{team}/invoices/{id}','record':'/invoice'}");
	check_at(m, "/types/invoice/update", NULL);
	check_at(m, "/types/invoice/once",
		"{'by':'find','find':{'get':'/teams/{team}/invoices','records':''}}");
	check_at(m, "/types/invoice/changes", "{'by':'scan'}");
	check_at(m, "/types/invoice/page", "{'by':'none'}");
	check_at(m, "/types/invoice/fields/number", "{'at':'/invoice_number','write':'never'}");
	check_at(m, "/types/invoice/fields/client",
		"{'at':'/customer/id','to':'/customer_id','as':'int','ref':'client','need':true}");
	check_at(m, "/types/invoice/fields/status",
		"{'at':'/status','values':{'draft':'draft','sent':['open','viewed'],'paid':'paid'},'write':'"
		"never'}");
	check_at(
		m, "/types/invoice/fields/issue_date", "{'at':'/issued_at','as':'datetime','write':'never'}");
	check_at(m, "/types/invoice/fields/due_date", "'/due_date'");
	check_at(m, "/types/invoice/fields/lines",
		"{'at':'/line_items','fields':{'description':'/description','quantity':'/quantity',"
		"'unit_price':{'at':'/rate','as':'decimal-text'}}}");
	check_at(m, "/types/invoice/fields/total", "{'at':'/total','as':'minor','write':'never'}");
	check(strstr(buf_text(&notes), "invoice: create: \"/template\" is required") != NULL);
	check(strstr(buf_text(&notes), "invoice: status: what these mean: \"odd\"") != NULL);
}

TEST(swagger_2)
{
	_cleanup_(buf_finish) struct buf notes = BUF_INIT(BUF_MAX_CONFIG);
	struct draft_order order = {.name = "kanban"};
	struct err e = {0};
	_cleanup_json_ cJSON *m = drafted(old, &order, &notes, &e);

	check_text(e.text, "");
	check_at(m, "/connector", "'kanban'");
	check_at(m, "/docs", "['spec.json']");
	check_at(m, "/http/base", "'{url}/api'");
	check_at(m, "/settings/url", "{'label':'Address of the tool, for example https://tool.example.com'}");
	check_at(m, "/http/auth/oauth2",
		"{'grant':'code','authorize':'https://b.example/auth','token':'https://b.example/token',"
		"'scopes':['read','write'],'redirect':'http://localhost:8917/'}");
	check_at(m, "/settings/client_secret/secret", "true");
	check_at(m, "/http/body", "'form'");
	check_at(m, "/page",
		"{'by':'offset','param':'offset','size':'limit','max':30,'total':'/total_count'}");
	check_at(m, "/types/project/list", "{'get':'/projects.json','records':'/projects'}");
	check_at(m, "/types/project/one", "{'get':'/projects/{id}.json'}");
	/* A task is found under its project only, and does not say which one that is. */
	check_at(m, "/types/task/list", "{'get':'/projects/{each}/tasks','records':'','each':'project'}");
	check_at(m, "/types/task/one", "{'get':'/projects/{id.1}/tasks/{id.2}'}");
	check_at(m, "/types/task/create", "{'post':'/projects/{project}/tasks','returns':'nothing'}");
	check_at(m, "/types/task/update/send", "'full'");
	check_at(m, "/types/task/fields/id", "{'at':['/@each','/id']}");
	check_at(m, "/types/task/fields/project",
		"{'at':'/@each','to':'/@project','ref':'project','write':'create','need':true}");
	check_at(m, "/types/task/fields/estimate_hours/as", "'seconds'");
}

/* What the person says goes before what is guessed; "" leaves a type out. */
TEST(ordered_types)
{
	_cleanup_(buf_finish) struct buf notes = BUF_INIT(BUF_MAX_CONFIG);
	struct draft_order order = {
		.paths = {[TYPE_PROJECT] = "/customers,/customers/{customer_id}", [TYPE_INVOICE] = ""}};
	struct err e = {0};
	_cleanup_json_ cJSON *m = drafted(modern, &order, &notes, &e);

	check_at(m, "/types/project/one/get", "'/customers/{id}'");
	check_at(m, "/types/client", NULL);
	check_at(m, "/types/invoice", NULL);
}

static const struct {
	const char *document, *want;
} bad[] = {
	{"", "spec.json: "},
	{"[]", "spec.json is no OpenAPI document"},
	{"{}", "spec.json is no OpenAPI document"},
	{"{'openapi': 3}", "spec.json is no OpenAPI document"},
	{"{'swagger': '1.2', 'paths': {}}", "spec.json is no OpenAPI document"},
	{"openapi: 3.0.0\npaths:\n", "spec.json is YAML; make JSON of it first: python3 -c"},
	{"{'openapi': '3.0.0', 'paths': ", "spec.json: "},
	{"{'openapi': '3.0.0'}", "spec.json has no \"paths\""},
	{"{'openapi': '3.0.0', 'paths': []}", "spec.json has no \"paths\""},
	{"{'openapi': '3.0.0', 'paths': {'/weather': {'get': {}}}}", "spec.json: no path in it is known"},
	{"{'openapi': '3.0.0', 'paths': {'/tasks': {'get': 1}, '/tasks/{id}': 7}}",
		"spec.json: no path in it is known"},
	{"{'openapi': '3.0.0', 'paths': {'/tasks': null, '/tasks/{id': {'get': {}}, '': {'get': {}}}}",
		"spec.json: no path in it is known"},
	/* Nothing says what is in the list. */
	{"{'openapi': '3.0.0', 'paths': {'/tasks': {'get': {}}, '/tasks/{id}': {'get': {}}}}",
		"spec.json: no path in it is known"},
	/* References that go in circles, or nowhere. */
	{"{'openapi': '3.0.0', 'paths': {'/tasks': {'get': {'responses': {'200': {'$ref': '#/a'}}}},"
	 " '/tasks/{id}': {'get': {'responses': {'$ref': '#/b'}}}}, 'a': {'$ref': '#/b'}, 'b': {'$ref': "
	 "'#/a'}}",
		"spec.json: no path in it is known"},
	{"{'openapi': '3.0.0', 'paths': {'/tasks': {'get': {'responses': {'200': {'$ref': 'x.json#/%zz'}}}},"
	 " '/tasks/{id}': {'get': {}}}}",
		"spec.json: no path in it is known"},
};

TEST(bad_documents)
{
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		_cleanup_(buf_finish) struct buf notes = BUF_INIT(BUF_MAX_CONFIG);
		struct draft_order order = {0};
		struct err e = {0};
		_cleanup_json_ cJSON *m = drafted(bad[i].document, &order, &notes, &e);

		check(!m);
		if (strncmp(e.text, bad[i].want, strlen(bad[i].want)) != 0)
			check_text(e.text, bad[i].want);
	}
}

TEST(bad_orders)
{
	_cleanup_(buf_finish) struct buf notes = BUF_INIT(BUF_MAX_CONFIG);
	struct draft_order missing = {.paths = {[TYPE_TASK] = "/nowhere"}};
	struct draft_order alone = {.paths = {[TYPE_TASK] = "/me"}};
	struct err e = {0};

	check(!drafted(modern, &missing, &notes, &e));
	check_text(e.text, "spec.json: there is no path \"/nowhere\" with a \"get\" for task");
	check(!drafted(modern, &alone, &notes, &e));
	check_text(e.text, "spec.json: nothing reads one record of /me by its id; name that path, too: "
			   "--type task=/me,/PATH/{id}");
}

/* A record that holds itself, in every way there is, and a schema that doubles with every step. */
TEST(circles)
{
	_cleanup_(buf_finish) struct buf text = BUF_INIT(1 << 20), notes = BUF_INIT(BUF_MAX_CONFIG);
	struct draft_order order = {0};
	struct err e = {0};
	cJSON *m;

	buf_puts(&text, "{'openapi': '3.1.0', 'paths': {"
			"'/tasks': {'get': {'responses': {'200': {'content': {'application/json': {'schema': "
			"{'type': "
			"'array', 'items': {'$ref': '#/s/T'}}}}}}}},"
			"'/tasks/{id}': {'get': {'responses': {'200': {'content': {'application/json': "
			"{'schema': {'$ref': "
			"'#/s/T'}}}}}}}},"
			" 's': {'T': {'type': 'object', 'allOf': [{'$ref': '#/s/T'}, {'$ref': '#/s/A0'}], "
			"'properties': {"
			"'id': {'type': 'string'}, 'title': {'type': 'string'}, 'self': {'$ref': '#/s/T'}, "
			"'all': {'type': 'array', 'items': {'$ref': '#/s/T'}}}}");
	for (int i = 0; i < 40; i++)
		buf_printf(&text,
			", 'A%d': {'anyOf': [{'$ref': '#/s/A%d'}, {'$ref': '#/s/A%d'}, {'$ref': '#/s/T'}, "
			"{'$ref': '#/s/A%d'}]}",
			i, (i + 1) % 40, (i + 1) % 40, (i + 7) % 40);
	buf_puts(&text, "}}");
	m = drafted(buf_text(&text), &order, &notes, &e);
	check(m || strstr(e.text, "so large or so entangled that it cannot be read to its end"));
	cJSON_Delete(m);
}

/* Whatever is cut out of a document or stands in it instead, the answer is a manifest or a sentence. */
TEST(mutilated)
{
	static const char *const instead[] = {
		"1", "null", "[]", "{}", "'x'", "true", "{'$ref': '#'}", "{'$ref': '#/paths'}"};
	_cleanup_(mem_freep) char *text = quoted(modern);

	for (size_t at = 0; text[at]; at++) {
		_cleanup_(buf_finish) struct buf other = BUF_INIT(1 << 20),
						 manifest = BUF_INIT(BUF_MAX_CONFIG);
		_cleanup_(buf_finish) struct buf notes = BUF_INIT(BUF_MAX_CONFIG);
		_cleanup_(mem_freep) char *value = quoted(instead[at % ARRAY_LEN(instead)]);
		struct draft_order order = {.path = "spec.json"};
		struct err e = {0};
		size_t end = at + 1;
		int depth = 0, r;

		if (text[at] != '{' && text[at] != '[')
			continue;
		for (depth = 1; text[end] && depth; end++)
			depth += (text[end] == '{' || text[end] == '[') -
				 (text[end] == '}' || text[end] == ']');
		buf_add(&other, text, at);
		buf_puts(&other, value);
		buf_puts(&other, text + end);
		r = draft_make(buf_text(&other), other.len, &order, &manifest, &notes, &e);
		check(r == 0 ? manifest.len > 0 : e.text[0] != '\0');
		check(!strstr(e.text, "makes a draft that is no manifest"));
	}
}

/* The same record in every one of its many members: three levels of that are more than can be looked at. */
TEST(wide)
{
	_cleanup_(buf_finish) struct buf text = BUF_INIT(1 << 20), notes = BUF_INIT(BUF_MAX_CONFIG);
	struct draft_order order = {0};
	struct err e = {0};
	cJSON *m;

	buf_puts(&text, "{'openapi': '3.0.0', 'paths': {"
			"'/tasks': {'get': {'responses': {'200': {'content': {'application/json': {'schema': "
			"{'$ref': "
			"'#/W'}}}}}}},"
			"'/tasks/{id}': {'get': {}}}, 'W': {'type': 'object', 'properties': {");
	for (int i = 0; i < 400; i++)
		buf_printf(&text, "%s'm%d': {'$ref': '#/W'}", i ? ", " : "", i);
	buf_puts(&text, "}}}");
	m = drafted(buf_text(&text), &order, &notes, &e);
	check(!m);
	check_text(e.text, "spec.json is so large or so entangled that it cannot be read to its end");
}

TEST_MAIN(TEST_RUN(openapi_3_head), TEST_RUN(openapi_3_client), TEST_RUN(openapi_3_invoice),
	TEST_RUN(swagger_2), TEST_RUN(ordered_types), TEST_RUN(bad_documents), TEST_RUN(bad_orders),
	TEST_RUN(circles), TEST_RUN(wide), TEST_RUN(mutilated))
