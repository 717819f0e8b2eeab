/**
 * The style that the bell and the list share, as a constructed style sheet.
 *
 * Dark follows the page's `color-scheme`: a page that declares none stays light,
 * `tidings-bell, tidings-list { color-scheme: dark }` makes them dark. A page
 * changes the rest by ::part(), and by these variables where they are inherited
 * from; a colour is one for light and dark alike, or light-dark(…, …):
 *
 *	--tidings-font           the shorthand; 14px/1.45 system-ui, sans-serif
 *	--tidings-surface        behind all
 *	--tidings-text           titles
 *	--tidings-muted          messages, times, icons of buttons
 *	--tidings-line           between rows
 *	--tidings-hover          below the pointer
 *	--tidings-unread         behind an unread row
 *	--tidings-accent         links, buttons, the mark of an unread row
 *	--tidings-badge          the badge; --tidings-badge-text what stands in it
 *	--tidings-ring           around badge and dot: what is behind the bell
 *	--tidings-info, -success, -warning, -error     the icons of the types
 *	--tidings-radius         of the panel's corners; 12px
 *	--tidings-panel-width    392px
 *	--tidings-lines          of a message, before it is cut; 3
 */

/** Makes a style sheet from a template literal. */
export function css(text) {
	const sheet = new CSSStyleSheet();
	sheet.replaceSync(text.join(""));
	return sheet;
}

export const baseSheet = css`
	:host {
		--_surface: var(--tidings-surface, light-dark(#fff, #1a1d24));
		--_text: var(--tidings-text, light-dark(#1b2130, #e8eaf0));
		--_muted: var(--tidings-muted, light-dark(#596275, #9ca5b6));
		--_line: var(--tidings-line, light-dark(#e6e8ee, #2d323d));
		--_hover: var(--tidings-hover, light-dark(#f4f5f8, #232731));
		--_unread: var(--tidings-unread, light-dark(#f3f6ff, #1e2432));
		--_accent: var(--tidings-accent, light-dark(#3457d5, #8ea6ff));
		color: var(--_text);
		font: var(--tidings-font, 14px/1.45 system-ui, sans-serif);
	}
	@media (prefers-contrast: more) {
		:host {
			--_muted: var(--_text);
			--_line: var(--_text);
		}
	}
	:host([hidden]),
	[hidden] {
		display: none !important;
	}
	*,
	::before,
	::after {
		box-sizing: border-box;
	}
	h2,
	p,
	ul {
		margin: 0;
		padding: 0;
	}
	ul {
		list-style: none;
	}
	svg {
		width: 1.25em;
		height: 1.25em;
		fill: none;
		stroke: currentColor;
		stroke-width: 1.8;
		stroke-linecap: round;
		stroke-linejoin: round;
	}
	button {
		font: inherit;
		color: inherit;
		background: none;
		border: 0;
		padding: 0;
		cursor: pointer;
	}
	[aria-disabled="true"] {
		opacity: 0.5;
		cursor: default;
	}
	a {
		color: inherit;
		text-decoration-color: transparent;
		text-underline-offset: 3px;
	}
	a:hover {
		color: var(--_accent);
		text-decoration-color: currentColor;
	}
	:focus-visible,
	.title a:focus-visible::after {
		outline: 2px solid var(--_accent);
		outline-offset: 2px;
	}
	.spoken {
		position: absolute;
		width: 1px;
		height: 1px;
		overflow: hidden;
		clip-path: inset(50%);
		white-space: nowrap;
	}
	.head {
		display: flex;
		align-items: center;
		gap: 8px;
		min-height: 52px;
		padding-block: 8px;
		padding-inline: 16px 8px;
		border-block-end: 1px solid var(--_line);
	}
	h2 {
		font-size: 1.07em;
		font-weight: 650;
	}
	.count,
	.time {
		color: var(--_muted);
		font-size: 0.9em;
		font-variant-numeric: tabular-nums;
	}
	.plain {
		display: inline-flex;
		flex: none;
		align-items: center;
		gap: 6px;
		min-height: 32px;
		margin-inline-start: auto;
		padding: 0 8px;
		border-radius: 8px;
		color: var(--_accent);
		font-weight: 550;
	}
	.plain:hover:enabled {
		background: var(--_hover);
	}
	.row {
		position: relative;
		display: grid;
		grid-template-columns: 32px 1fr auto;
		gap: 12px;
		padding-block: 12px;
		padding-inline: 16px 8px;
	}
	.row:not(:last-child) {
		border-block-end: 1px solid var(--_line);
	}
	.unread {
		background: var(--_unread);
		cursor: pointer;
	}
	.row:hover {
		background: var(--_hover);
	}
	.kind {
		display: grid;
		place-items: center;
		width: 32px;
		height: 32px;
		border-radius: 50%;
		background: color-mix(in srgb, currentColor 13%, transparent);
	}
	.kind svg {
		width: 22px;
		height: 22px;
		stroke-width: 2;
	}
	.info {
		color: var(--tidings-info, light-dark(#2563c9, #7fb0ff));
	}
	.success {
		color: var(--tidings-success, light-dark(#18794e, #5fd39b));
	}
	.warning {
		color: var(--tidings-warning, light-dark(#a15c00, #f2b756));
	}
	.error {
		color: var(--tidings-error, light-dark(#c62a3d, #ff8a93));
	}
	.text {
		min-width: 0;
		overflow-wrap: anywhere;
		text-align: left;
	}
	.text:dir(rtl) {
		text-align: right; /* whatever the direction of what is told */
	}
	.title,
	.message {
		unicode-bidi: plaintext;
	}
	.unread .title {
		font-weight: 620;
	}
	.title a:focus-visible {
		outline: none;
	}
	.title a::after {
		content: "";
		position: absolute;
		inset: 0;
		outline-offset: -2px !important;
	}
	.message {
		color: var(--_muted);
		white-space: pre-line;
		display: -webkit-box;
		-webkit-box-orient: vertical;
		-webkit-line-clamp: var(--tidings-lines, 3);
		overflow: hidden;
	}
	.tools {
		position: relative;
		margin-block-start: -4px;
	}
	.tool {
		display: grid;
		place-items: center;
		width: 28px;
		height: 28px;
		border-radius: 8px;
		color: var(--_muted);
	}
	.tool:hover {
		background: color-mix(in srgb, currentColor 12%, transparent);
		color: var(--_text);
	}
	.mark::before {
		content: "";
		width: 9px;
		height: 9px;
		border: 2px solid;
		border-radius: 50%;
	}
	.unread .mark {
		color: var(--_accent);
	}
	.unread .mark::before,
	.connected {
		background: currentColor;
	}
	@media (hover: hover) {
		.row:not(:hover, :focus-within) :is(.remove, .mark:not(.unread *)) {
			opacity: 0;
		}
	}
	.trouble {
		display: flex;
		align-items: center;
		gap: 8px;
		min-height: 42px;
		padding-inline: 16px 8px;
		border-block-end: 1px solid var(--_line);
		background: var(--_hover);
		color: var(--_muted);
	}
	.note,
	.note slot {
		display: grid;
		justify-items: center;
		gap: 4px;
	}
	.note {
		padding: 40px 24px;
		color: var(--_muted);
		text-align: center;
	}
	.note svg {
		width: 40px;
		height: 40px;
		margin-block-end: 8px;
		stroke-width: 1.2;
		opacity: 0.7;
	}
	.note .plain {
		margin: 0;
	}
	.strong {
		color: var(--_text);
		font-weight: 600;
	}
	.dot {
		width: 9px;
		height: 9px;
		flex: none;
		border: 2px solid;
		border-radius: 50%;
		color: var(--_muted);
	}
	.dot.connected {
		color: light-dark(#1a8553, #3fce8b);
	}
	.connecting,
	.waiting {
		color: light-dark(#b06c00, #f2b756);
	}
	@media (prefers-reduced-motion: no-preference) {
		.fresh,
		.panel {
			animation: tidings-arrive 0.2s ease-out;
		}
		.connecting,
		.waiting {
			animation: tidings-pulse 1.4s ease-in-out 3; /* no more than 5 s */
		}
	}
	@keyframes tidings-arrive {
		from {
			opacity: 0;
			translate: 0 -8px;
		}
	}
	@keyframes tidings-pulse {
		50% {
			opacity: 0.35;
		}
	}
	@media (forced-colors: active) {
		.badge {
			border: 1px solid;
		}
		.dot.connected,
		.unread .mark::before {
			forced-color-adjust: none;
			color: CanvasText;
		}
	}
`;

export const bellSheet = css`
	:host {
		display: inline-block;
		color: inherit; /* the bell's; all else is in the panel */
	}
	.bell {
		position: relative;
		display: grid;
		place-items: center;
		width: 40px;
		height: 40px;
		border-radius: 10px;
	}
	.bell:hover,
	.bell[aria-expanded="true"] {
		background: color-mix(in srgb, currentColor 8%, transparent);
	}
	.bell svg {
		width: 23px;
		height: 23px;
		stroke-width: 1.6;
	}
	.badge,
	.bell .dot {
		position: absolute;
		box-shadow: 0 0 0 2px var(--tidings-ring, var(--_surface));
	}
	.badge {
		inset-block-start: 1px;
		inset-inline-start: 21px;
		min-width: 18px;
		padding-inline: 5px;
		border-radius: 9px;
		background: var(--tidings-badge, #d3263f);
		color: var(--tidings-badge-text, #fff);
		font-size: 11px;
		font-weight: 700;
		line-height: 18px;
		font-variant-numeric: tabular-nums;
	}
	.bell .dot {
		inset-block-end: 6px;
		inset-inline-end: 6px;
	}
	.bell .dot:not(.connected) {
		background: var(--tidings-ring, var(--_surface));
	}
	.panel {
		position: fixed;
		inset: auto;
		z-index: 1000;
		display: flex;
		flex-direction: column;
		width: min(var(--tidings-panel-width, 392px), 100vw - 16px);
		margin: 0;
		padding: 0;
		overflow: hidden;
		border: 1px solid var(--_line);
		border-radius: var(--tidings-radius, 12px);
		background: var(--_surface);
		color: var(--_text);
		box-shadow:
			0 2px 6px rgb(10 15 30 / 8%),
			0 16px 40px rgb(10 15 30 / 18%);
	}
	.panel:focus {
		outline: none;
	}
	.panel > * {
		flex: none;
	}
	.panel > .scroll {
		flex: 1;
		overflow-y: auto;
		overscroll-behavior: contain;
	}
	.close {
		display: none;
	}
	.foot {
		display: flex;
		align-items: center;
		gap: 8px;
		min-height: 42px;
		padding-block: 4px;
		padding-inline: 16px 8px;
		color: var(--_muted);
	}
	.foot {
		border-block-start: 1px solid var(--_line);
	}
	.all {
		margin-inline-start: auto;
		padding: 4px 8px;
		color: var(--_accent);
		font-weight: 550;
	}
	@media (max-width: 480px) {
		.panel {
			inset: auto 8px 8px !important;
			width: auto;
			max-height: 80vh !important;
		}
		.panel::backdrop {
			background: rgb(10 15 30 / 35%);
		}
		.close {
			display: grid;
		}
	}
`;

export const listSheet = css`
	:host {
		display: flex;
		flex-direction: column;
		min-height: 0;
		overflow: clip;
		background: var(--_surface);
	}
	.bar,
	.filters {
		display: flex;
		flex-wrap: wrap;
		gap: 8px;
	}
	.bar {
		padding: 8px;
		border-block-end: 1px solid var(--_line);
	}
	.filters {
		margin-inline-start: auto;
	}
	.tab,
	select {
		display: flex;
		align-items: center;
		gap: 6px;
		min-height: 32px;
		padding: 0 8px;
		border-radius: 8px;
		color: var(--_muted);
		font-weight: 550;
	}
	.number {
		font-variant-numeric: tabular-nums;
	}
	select {
		border: 1px solid var(--_line);
		background: var(--_surface);
		font: inherit;
	}
	.tab:hover,
	select:hover {
		background-color: var(--_hover);
		color: var(--_text);
	}
	.tab[aria-pressed="true"] {
		background: var(--_unread);
		color: var(--_accent);
	}
	.over {
		position: sticky;
		z-index: 1;
		inset-block: 0;
	}
	.pill,
	.toast {
		position: absolute;
		display: flex;
		align-items: center;
		gap: 8px;
		inset-inline: 0;
		width: fit-content;
		min-height: 36px;
		margin: 10px auto;
		padding: 0 16px;
		border-radius: 18px;
		background: var(--_accent);
		color: var(--_surface);
		font-weight: 600;
		box-shadow: 0 4px 16px rgb(10 15 30 / 24%);
	}
	.toast {
		inset-block-end: 0;
		background: var(--_text);
	}
	.toast .plain {
		color: inherit;
		text-decoration: underline;
	}
	.scroll {
		flex: 1;
		min-height: 0;
		overflow-y: auto;
	}
	.body {
		position: relative;
	}
	.edge {
		position: absolute;
		z-index: -1;
		inset-block-start: 0;
		width: 100%;
		height: 24px;
	}
	.last {
		inset-block: auto 0;
		height: min(100%, 1200px);
	}
	.day {
		padding: 16px 16px 4px;
		color: var(--_muted);
		font-size: 0.9em;
		font-weight: 600;
	}
	.row {
		border-block-end: 1px solid var(--_line);
	}
	.row:focus-visible {
		outline-offset: -2px;
	}
	.foot {
		display: grid;
		color: var(--_muted);
	}
	.foot > .plain,
	.end {
		margin: 8px auto;
	}
	.bone {
		display: flex;
		gap: 12px;
		margin: 16px;
	}
	.bone::before,
	.bone::after {
		content: "";
		width: 32px;
		height: 32px;
		border-radius: 16px;
		background: var(--_line);
	}
	.bone::after {
		flex: 1;
		border-radius: 8px;
	}
	@media (prefers-reduced-motion: no-preference) {
		.bone {
			animation: tidings-pulse 1.4s ease-in-out infinite;
		}
		.pill,
		.toast {
			animation: tidings-arrive 0.2s ease-out;
		}
	}
`;
