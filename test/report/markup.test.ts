import assert from 'node:assert/strict';
import { html, raw } from '../../src/report/markup.js';

describe('html', () => {
  it('escapes what is put in, but not markup', () => {
    const name = '<img src=x onerror="alert(1)">';
    const found = html`<p title="${name}">${html`<b>${1}</b>`}${raw('<svg/>')}${[name, 'b']}</p>`;
    assert.doesNotMatch(found.text, /<img/);
    assert.match(found.text, /<b>1<\/b><svg\/>&#60;img/);
  });

  it('leaves out what is not there', () => {
    assert.equal(html`<p>${null}${undefined}${false}</p>`.text, '<p></p>');
  });
});
