# The rig's invented businesses, as functions of a running number: the same number always gives the same record.
# Used by make-clients (CSV) and by the seeds of Directus and Redmine. All arithmetic is in whole numbers.

# pick - a number below $m that looks random but depends only on $i and $salt
def pick($i; $salt; $m): ($i * 7919 + $salt * 104729 + 31) * 48271 % 2147483647 | (. % 44101) * (. % 39119) % 1000003 % $m;
def choose($i; $salt): .[pick($i; $salt; length)];
def pad($width): tostring | (("0" * ($width - length)) // "") + .;
def day($n): 1420070400 + $n * 86400 | strftime("%Y-%m-%d"); # days after 2015-01-01
def uuid($kind; $i): "\($kind)000000-0000-4000-8000-\($i | pad(12))";
def money: "\(. / 100 | floor).\(. % 100 | pad(2))"; # from cents
# digits - fill the #s of a pattern from a number that no other $i has
def digits($i; $salt): (($i * 7654321 + $salt * 1234577) % 99999989 | pad(8)) as $digits
	| reduce split("#")[] as $part ({n: 0, text: null}; if .text == null then .text = $part
		else .text += $digits[.n % 8:.n % 8 + 1] + $part | .n += 1 end) | .text // "";

def folds: {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "oe", "å": "aa", "é": "e", "è": "e", "ô": "o",
	"ç": "c", "ł": "l", "ó": "o", "ź": "z", "ñ": "n", "č": "c", "ã": "a", "Æ": "ae", "Ø": "oe", "Å": "aa", "Ö": "oe",
	"Č": "c", "Ł": "l", "ą": "a", "'": ""};
def slug: folds as $f | [split("")[] | $f[.] // ascii_downcase] | add | gsub("[^a-z0-9]+"; "-");

def names: ["Nordlicht", "Brightwater", "Hartmann & Weiss", "Ærø", "Kowalczyk", "Müller & Söhne", "Östlund", "Côte d'Argent",
	"Castello", "Ferreira", "O'Sullivan", "Größler", "Čapek", "Blåbær", "Harbour Lane", "Silvergate", "Van Dijk", "Peña Blanca",
	"Łącki", "Redwood", "Alpenrose", "Fjordgaard", "Maple Street", "Bellini", "Sundström", "Kestrel", "Lindqvist", "Rosenthal",
	"Tamarind", "Old Mill", "Blackthorn", "Dufour", "Moravia", "Copper Hill", "São Bento", "Weidner", "Juniper", "Halvorsen",
	"Marchetti", "Greenfield", "Zimmer", "Northgate", "Papillon", "Steinbach", "Vega", "Whitfield", "Eriksen", "Lakeside",
	"Oranje", "Quill"];
def trades: ["Optik", "Logistics", "Bakery", "Studio", "Energy", "Consulting", "Timber", "Dental", "Foods", "Textiles", "Robotics",
	"Hotels", "Print", "Interiors", "Legal", "Marine", "Software", "Ceramics", "Cycles", "Wines", "Events", "Gardens", "Tools",
	"Media"];
def people: ["Anna", "Jonas", "Marta", "Lukas", "Ingrid", "Tomasz", "Claire", "Marco", "Sofia", "Oliver", "Freja", "Henrik", "Lucia",
	"Pavel", "Emma", "Daan"];
def families: ["Berg", "Nowak", "Keller", "Rossi", "Moreau", "Hansen", "Lund", "Fischer", "Walsh", "Silva", "Novak", "Visser",
	"Garcia", "Holm", "Brandt", "Clarke"];

# country - where a business is, with that country's legal forms, phone, post code, VAT number and money
def country($i): [
	{cc: "DE", forms: [" GmbH", " AG", " GmbH & Co. KG"], cities: [["München", "80###"], ["Köln", "50###"], ["Leipzig", "04###"]],
		streets: ["Lindenstraße", "Am Marktplatz", "Goethestraße"], phone: "+49 89 #######", vat: "DE#########", money: "EUR"},
	{cc: "AT", forms: [" GmbH", " KG"], cities: [["Wien", "1##0"], ["Graz", "8010"]], streets: ["Mariahilfer Straße", "Ringgasse"],
		phone: "+43 1 #######", vat: "ATU########", money: "EUR"},
	{cc: "CH", forms: [" AG", " GmbH"], cities: [["Zürich", "80##"], ["Genève", "12##"]], streets: ["Seestrasse", "Bahnhofplatz"],
		phone: "+41 44 ### ## ##", vat: "CHE-###.###.### MWST", money: "CHF"},
	{cc: "DK", forms: [" A/S", " ApS"], cities: [["København", "2##0"], ["Ærøskøbing", "5970"], ["Århus", "8000"]],
		streets: ["Nørregade", "Havnevej"], phone: "+45 ## ## ## ##", vat: "DK########", money: "DKK"},
	{cc: "SE", forms: [" AB"], cities: [["Göteborg", "411 ##"], ["Malmö", "211 ##"]], streets: ["Storgatan", "Östra Hamngatan"],
		phone: "+46 31 ### ## ##", vat: "SE##########01", money: "SEK"},
	{cc: "PL", forms: [" sp. z o.o.", " S.A."], cities: [["Łódź", "90-###"], ["Kraków", "31-###"], ["Gdańsk", "80-###"]],
		streets: ["ul. Piotrkowska", "ul. Długa"], phone: "+48 42 ### ## ##", vat: "PL##########", money: "PLN"},
	{cc: "FR", forms: [" SARL", " SAS"], cities: [["Lyon", "690##"], ["Orléans", "450##"]], streets: ["rue de la République", "quai Voltaire"],
		phone: "+33 4 ## ## ## ##", vat: "FR###########", money: "EUR"},
	{cc: "GB", forms: [" Ltd", " Partners LLP"], cities: [["Bristol", "BS1 #AA"], ["Leeds", "LS2 #QT"]], streets: ["King's Road", "Mill Lane"],
		phone: "+44 117 ### ####", vat: "GB#########", money: "GBP"},
	{cc: "NL", forms: [" B.V."], cities: [["Utrecht", "35## AB"], ["'s-Hertogenbosch", "52## CD"]], streets: ["Oudegracht", "Kerkstraat"],
		phone: "+31 30 ### ####", vat: "NL#########B01", money: "EUR"},
	{cc: "US", forms: [", Inc.", " LLC"], cities: [["Portland", "972##"], ["Austin", "787##"]], streets: ["Main Street, Suite", "Oak Avenue"],
		phone: "+1 503 555 ####", vat: null, money: "USD"}
] | choose($i; 1);

# notes - mostly short or none; some with commas, quotes and more than one line
def note($i):
	if $i % 9 == 4 then "Met at the fair in Hanover.\nCall back in spring, ask for the \"green\" offer."
	elif $i % 7 == 3 then "Prefers e-mail, never phones before 10:00"
	elif $i % 11 == 5 then "Known here as \"the \(trades | choose($i; 2)) people\""
	elif $i % 3 == 0 then ["Key account", "Pays early", "Slow payer", "Wants paper invoices", "Referred by a client"] | choose($i; 3)
	else "" end;

# client - the business number . (1, 2, 3, ...); names and e-mail addresses never repeat
def client: . as $i
	| (names | length) as $n | (trades | length) as $t
	| ($i * 389 % ($n * $t)) as $k | ($i / ($n * $t) | floor) as $round
	| "\(names[$k % $n]) \(trades[$k / $n | floor])\(if $round > 0 then " \($round + 1)" else "" end)" as $brand
	| country($i) as $c | ($c.cities | choose($i; 4)) as $city
	| {
		id: uuid("c1"; $i),
		name: ($brand + ($c.forms | choose($i; 5))),
		email: "\(people | choose($i; 6)).\(families | choose($i; 7))@\($brand | slug).example" | ascii_downcase,
		phone: ($c.phone | digits($i; 1)),
		street: "\($c.streets | choose($i; 8)) \(1 + pick($i; 9; 180))",
		city: $city[0],
		zip: ($city[1] | digits($i; 2)),
		country: $c.cc,
		vat_id: ($c.vat // "" | digits($i; 3)),
		status: (["active", "active", "active", "active", "active", "active", "active", "prospect", "prospect", "former"] | choose($i; 10)),
		# what only some seeds use:
		brand: $brand, currency: $c.money, since: day(pick($i; 11; 4300)), note: note($i)
	};

def services: [ # price in cents; every price times every quantity is a whole amount, so that taxes are exact
	["Consulting day", 96000, [1, 2, 3, 5, 8]], ["Workshop, half a day", 64000, [1, 2]], ["Development hour", 9500, [4, 10, 16, 24, 37]],
	["Design hour", 8250, [4, 8, 12, 20]], ["Hosting, one month", 4990, [10, 20]], ["Licence, one seat", 1290, [10, 50, 100]],
	["Travel expenses", 23000, [1, 2]], ["Maintenance, quarterly", 45000, [1]], ["Photo session", 120000, [1]], ["Printed brochures", 85, [200, 500, 1000]]
];

def line($i; $j; $rate): (services | choose($i * 5 + $j; 12)) as [$what, $price, $counts]
	| {description: $what, quantity: ($counts | choose($i * 5 + $j; 13)), unit_price: ($price / 100), tax_rate: $rate,
		cents: null} | .cents = $price * .quantity;

# invoice - number . of 800, dated evenly from January to November 2026, for one of the first 500 clients
def invoice: . as $i
	| (1 + pick($i; 14; 500) | client) as $c
	| (if $c.country == "DE" then 19 elif $c.country == "US" then 0 else [25, 20, 0] | choose($i; 15) end) as $rate
	| (4018 + (($i - 1) * 324 / 800 | floor)) as $issued | ([14, 30, 30] | choose($i; 16)) as $days
	| [range(1 + pick($i; 17; 4)) as $j | line($i; $j; $rate)] as $lines
	| ($lines | map(.cents) | add) as $net | ($net * $rate / 100 | floor) as $tax
	| {
		id: uuid("a1"; $i),
		number: "INV-2026-\($i | pad(4))",
		client: $c.id,
		status: (if $i > 780 then "draft" elif $i % 41 == 0 then "void" elif $issued + $days >= 4339 then "sent"
			elif $i % 7 == 0 then "overdue" else "paid" end),
		issue_date: day($issued), due_date: day($issued + $days),
		currency: $c.currency, net: ($net | money), tax: ($tax | money), total: ($net + $tax | money),
		lines: ($lines | map(del(.cents))),
		notes: (if $i % 10 == 3 then "Thank you for the good work together.\nPlease quote the invoice number." elif $i % 10 == 7 then "PO \(4500000 + $i)" else null end)
	};

# kinds of work, for deals and projects
def works: ["Website relaunch", "Brand refresh", "Online shop", "Annual report", "Office move", "ERP rollout", "Product photos", "Staff training",
	"Data migration", "Trade fair stand", "Mobile app", "Energy audit"];

# deal - number . of 40
def deal: . as $i
	| ($i * 12 | client) as $c
	| (["lead", "qualified", "proposal", "won", "lost"][$i % 5]) as $stage
	| {
		id: uuid("d1"; $i),
		title: "\(works | choose($i; 18)) for \($c.brand)",
		client: $c.id, amount: (150000 + pick($i; 19; 400) * 25000 | money), currency: $c.currency, stage: $stage,
		close_date: day((if $stage == "won" or $stage == "lost" then 4030 else 4340 end) + pick($i; 20; 120))
	};

# project - number . of 200, one for each of the first clients
def project: . as $i | client as $c | (works | choose($i; 21)) as $work
	| {name: "\($c.brand) \($work | ascii_downcase)", identifier: ("\($c.brand) \($work)" | slug), description: "\($work) for \($c.name)"};
