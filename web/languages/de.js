/** The words of the elements in German. See tidings-words.js. */

export default {
	notifications: "Benachrichtigungen",
	bell: "Benachrichtigungen. {status}",
	bellNew: {
		one: "Benachrichtigungen, {n} neue. {status}",
		other: "Benachrichtigungen, {n} neue. {status}",
	},
	badgeMost: "{n}+",
	unread: { one: "{n} ungelesen", other: "{n} ungelesen" },
	markRead: "Als gelesen markieren",
	markUnread: "Als ungelesen markieren",
	markAllRead: "Alle gelesen",
	remove: "Löschen",
	actionOn: "{action}: {title}",
	all: "Alle Benachrichtigungen",
	close: "Schließen",
	retry: "Erneut versuchen",
	more: "Mehr laden",

	now: "gerade eben",
	today: "Heute",
	yesterday: "Gestern",

	arrived: "Neue Benachrichtigung: {title}",
	arrivedMany: {
		one: "{n} neue Benachrichtigung",
		other: "{n} neue Benachrichtigungen",
	},
	deleted: "Benachrichtigung gelöscht",
	actionFailed: "Das hat nicht geklappt. Bitte noch einmal versuchen.",

	loading: "Wird geladen",
	failed: "Die Benachrichtigungen konnten nicht geladen werden.",
	empty: "Alles gelesen",
	emptyHint: "Neue Benachrichtigungen erscheinen hier, sobald es sie gibt.",

	typed: "{type}:",
	"type.info": "Information",
	"type.success": "Erfolg",
	"type.warning": "Warnung",
	"type.error": "Fehler",

	"status.connected": "Live",
	"status.connecting": "Verbindet",
	"status.waiting": "Verbindet erneut",
	"status.stopped": "Getrennt",
	"status.poll": "Verzögert",
	"status.offline": "Offline",
	"status.blocked": "Blockiert",
	"status.unauthorized": "Abgemeldet",
	"status.forbidden": "Zugriff verweigert",
	"status.origin": "Zugriff verweigert",

	"why.offline": "Es gibt keine Netzverbindung. Neues kommt, sobald sie wieder da ist.",
	"why.server": "Der Server ist nicht erreichbar.",
	"why.blocked": "Etwas auf dem Weg zum Server blockiert ständige Verbindungen.",
	"why.unauthorized": "Bitte melden Sie sich erneut an.",
	"why.forbidden": "Sie dürfen hier keine Benachrichtigungen empfangen.",
	"why.origin": "Der Server kennt diese Website nicht.",
	"why.replaced": "Sie sind an zu vielen Stellen verbunden.",

	desktop: "Auf dem Desktop anzeigen",
	desktopDenied: "Ihr Browser erlaubt das hier nicht.",
};
