/**
 * The style that the bell and the list share, as a constructed style sheet.
 *
 * A page changes it by the --tidings-* variables and by ::part(). Dark follows
 * the page's own `color-scheme`: a page that does not declare one stays light.
 */

/** Makes a style sheet from a template literal. */
export function css(text) {
	const sheet = new CSSStyleSheet();
	sheet.replaceSync(text.join(""));
	return sheet;
}

export const baseSheet = css`
	:host {
		--_surface: var(--tidings-surface, light-dark(#ffffff, #1a1d24));
		--_text: var(--tidings-text, light-dark(#1b2130, #e8eaf0));
		--_muted: var(--tidings-muted, light-dark(#596275, #9ca5b6));
		--_line: var(--tidings-line, light-dark(#e6e8ee, #2d323d));
		--_hover: var(--tidings-hover, light-dark(#f4f5f8, #232731));
		--_unread: var(--tidings-unread, light-dark(#f3f6ff, #1e2432));
		--_accent: var(--tidings-accent, light-dark(#3457d5, #8ea6ff));
		--_badge: var(--tidings-badge, light-dark(#d3263f, #e5455b));
		--_radius: var(--tidings-radius, 12px);
		--_info: light-dark(#2563c9, #7fb0ff);
		--_success: light-dark(#18794e, #5fd39b);
		--_warning: light-dark(#a15c00, #f2b756);
		--_error: light-dark(#c62a3d, #ff8a93);
		color: var(--_text);
		font: var(--tidings-font, 14px/1.45 system-ui, sans-serif);
		-webkit-font-smoothing: antialiased;
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
	:focus-visible {
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
		cursor: default;
	}
	.row:not(:last-child) {
		border-block-end: 1px solid var(--_line);
	}
	.row:hover {
		background: var(--_hover);
	}
	.row.unread {
		background: var(--_unread);
		cursor: pointer;
	}
	.kind {
		display: grid;
		place-items: center;
		width: 32px;
		height: 32px;
		border-radius: 50%;
		color: var(--_kind);
		background: color-mix(in srgb, var(--_kind) 13%, transparent);
	}
	.kind svg {
		width: 20px;
		height: 20px;
		stroke-width: 2.1;
	}
	.kind.info {
		--_kind: var(--_info);
	}
	.kind.success {
		--_kind: var(--_success);
	}
	.kind.warning {
		--_kind: var(--_warning);
	}
	.kind.error {
		--_kind: var(--_error);
	}
	.text {
		min-width: 0;
		overflow-wrap: anywhere;
	}
	.unread .title {
		font-weight: 620;
	}
	.title a {
		color: inherit;
		text-decoration: underline;
		text-decoration-color: color-mix(in srgb, currentColor 35%, transparent);
		text-underline-offset: 3px;
	}
	.title a:hover {
		color: var(--_accent);
		text-decoration-color: currentColor;
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
		display: flex;
		flex-direction: column;
		align-items: center;
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
		border: 1.5px solid currentColor;
		border-radius: 50%;
	}
	.unread .mark::before {
		border-color: var(--_accent);
		background: var(--_accent);
	}
	.remove,
	.row:not(.unread) .mark {
		opacity: 0;
	}
	.row:hover .tool,
	.row:focus-within .tool {
		opacity: 1;
	}
	@media (hover: none) {
		.row .tool {
			opacity: 1;
		}
	}
	.note {
		display: grid;
		justify-items: center;
		gap: 4px;
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
	.note strong {
		color: var(--_text);
		font-weight: 600;
	}
	.note .plain {
		margin-inline: auto;
	}
	.dot {
		width: 8px;
		height: 8px;
		flex: none;
		border-radius: 50%;
		background: var(--_muted);
	}
	.dot.connected {
		background: light-dark(#1f9d63, #3fce8b);
	}
	.dot.connecting,
	.dot.waiting {
		background: light-dark(#d98a00, #f2b756);
	}
	@media (prefers-reduced-motion: no-preference) {
		.row.fresh {
			animation: tidings-arrive 0.5s ease-out;
		}
		.dot.connecting,
		.dot.waiting {
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
		.dot,
		.badge,
		.mark::before {
			border: 1px solid CanvasText;
		}
		.unread .mark::before {
			background: CanvasText;
			forced-color-adjust: none;
		}
	}
`;
