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
		-webkit-font-smoothing: antialiased;
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
	button:disabled {
		opacity: 0.5;
		cursor: default;
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
		min-height: 48px;
		padding: 6px 8px 6px 16px;
		border-block-end: 1px solid var(--_line);
	}
	h2 {
		font-size: 1.07em;
		font-weight: 650;
		letter-spacing: -0.005em;
	}
	.count {
		margin-block-start: 2px;
		color: var(--_muted);
		font-size: 0.92em;
		font-variant-numeric: tabular-nums;
	}
	.plain {
		display: inline-flex;
		align-items: center;
		gap: 6px;
		min-height: 32px;
		margin-inline-start: auto;
		padding: 0 10px;
		border-radius: 8px;
		color: var(--_accent);
		font-weight: 550;
		white-space: nowrap;
	}
	.plain:hover:enabled {
		background: var(--_hover);
	}
	.row {
		position: relative;
		display: grid;
		grid-template-columns: 32px 1fr auto;
		gap: 12px;
		padding: 12px 8px 12px 16px;
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
		width: 20px;
		height: 20px;
		stroke-width: 2.1;
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
	}
	.title,
	.message {
		text-align: match-parent;
		unicode-bidi: plaintext;
	}
	.unread .title {
		font-weight: 620;
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
	.title a::after {
		content: "";
		position: absolute;
		inset: 0;
	}
	.title a:focus-visible {
		outline: none;
	}
	.title a:focus-visible::after {
		outline-offset: -2px;
	}
	.message {
		color: var(--_muted);
		white-space: pre-line;
		display: -webkit-box;
		-webkit-box-orient: vertical;
		-webkit-line-clamp: var(--tidings-lines, 3);
		overflow: hidden;
	}
	time {
		display: block;
		margin-block-start: 2px;
		color: var(--_muted);
		font-size: 0.86em;
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
		border: 1.5px solid;
		border-radius: 50%;
	}
	.unread .mark::before {
		border-color: var(--_accent);
		background: var(--_accent);
	}
	@media (hover: hover) {
		.row:not(:hover, :focus-within) :is(.remove, .mark:not(.unread *)) {
			opacity: 0;
		}
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
	.strong {
		color: var(--_text);
		font-weight: 600;
	}
	.note .plain {
		margin: 0;
	}
	.dot {
		width: 9px;
		height: 9px;
		flex: none;
		border: 2px solid;
		border-radius: 50%;
		color: var(--_muted);
	}
	.connected {
		background: currentColor;
		color: light-dark(#1a8553, #3fce8b);
	}
	.connecting,
	.waiting {
		color: light-dark(#b06c00, #f2b756);
	}
	@media (prefers-reduced-motion: no-preference) {
		.fresh {
			animation: tidings-arrive 0.5s ease-out;
		}
		.connecting,
		.waiting {
			animation: tidings-pulse 1.4s ease-in-out infinite;
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
		.badge,
		.unread {
			border: 1px solid;
		}
		.connected,
		.unread .mark::before {
			forced-color-adjust: none;
			background: CanvasText;
		}
	}
`;
