-- evalkit's own boxes (answer, facts, checks, note, next-steps, small-print, pagebreak) for HTML, typst and Word.
-- Used by evalkit's layout after embed.lua, and by Quarto as an ordinary filter.

local HTML = FORMAT:match('html') ~= nil
local TYPST = FORMAT == 'typst'
local DOCX = FORMAT == 'docx'

local function raw(text)
  return pandoc.RawBlock('typst', text)
end

local function wrap(open, content, close)
  local blocks = pandoc.Blocks { raw(open) }
  blocks:extend(content)
  blocks:insert(raw(close))
  return blocks
end

local function styled(content, style)
  -- Word styles reach paragraphs only; tight list items would take pandoc's own style
  content = pandoc.Blocks(content):walk {
    traverse = 'topdown',
    Table = function(inner) return inner, false end,
    Plain = function(plain) return pandoc.Para(plain.content) end,
  }
  return pandoc.Div(content, pandoc.Attr('', {}, { ['custom-style'] = style }))
end

-- The parts of a fact: its first strong text is the number, the rest the label.
local function fact_parts(div)
  local inlines = pandoc.utils.blocks_to_inlines(div.content)
  local number, label = pandoc.Inlines {}, pandoc.Inlines {}
  for _, inline in ipairs(inlines) do
    if inline.t == 'Strong' and #number == 0 then
      number = inline.content
    elseif #label > 0 or not (inline.t == 'Space' or inline.t == 'SoftBreak' or inline.t == 'LineBreak') then
      label:insert(inline)
    end
  end
  return number, label
end

local function facts(div)
  local found = {}
  for _, block in ipairs(div.content) do
    if block.t == 'Div' and block.classes:includes('fact') then
      local number, label = fact_parts(block)
      found[#found + 1] = { number = number, label = label }
    end
  end
  if #found == 0 then return nil end
  if TYPST then
    local blocks = pandoc.Blocks { raw('#facts(') }
    for _, fact in ipairs(found) do
      blocks:extend { raw('('), raw('['), pandoc.Plain(fact.number), raw('], ['), pandoc.Plain(fact.label), raw(']),') }
    end
    blocks:insert(raw(')'))
    return blocks
  end
  if DOCX then
    local aligns, widths, row = {}, {}, {}
    for index, fact in ipairs(found) do
      aligns[index], widths[index] = pandoc.AlignDefault, 1 / #found
      row[index] = { styled({ pandoc.Para(fact.number) }, 'Fact Number'), styled({ pandoc.Para(fact.label) }, 'Fact Label') }
    end
    local built = pandoc.utils.from_simple_table(pandoc.SimpleTable({}, aligns, widths, {}, { row }))
    built.attr = pandoc.Attr('', {}, { ['custom-style'] = 'Facts' })
    return { built }
  end
  if HTML then
    local boxes = pandoc.Blocks {}
    for _, fact in ipairs(found) do
      boxes:insert(pandoc.Div({
        pandoc.Para { pandoc.Span(fact.number, pandoc.Attr('', { 'fact-number' })), pandoc.Space(), pandoc.Span(fact.label, pandoc.Attr('', { 'fact-label' })) },
      }, pandoc.Attr('', { 'fact' })))
    end
    return pandoc.Div(boxes, pandoc.Attr(div.identifier, { 'facts' }))
  end
end

-- The parts of a check: `**Name** [word]{.rating .level} why`.
local LEVELS = { good = true, fair = true, poor = true, unknown = true }

local function check_parts(item)
  local inlines = pandoc.utils.blocks_to_inlines(item)
  local check = { name = pandoc.Inlines {}, word = pandoc.Inlines {}, level = 'unknown', why = pandoc.Inlines {} }
  for _, inline in ipairs(inlines) do
    if inline.t == 'Strong' and #check.name == 0 then
      check.name = inline.content
    elseif inline.t == 'Span' and inline.classes:includes('rating') then
      check.word = inline.content
      for _, class in ipairs(inline.classes) do
        if LEVELS[class] then check.level = class end
      end
    elseif #check.why > 0 or not (inline.t == 'Space' or inline.t == 'SoftBreak') then
      check.why:insert(inline)
    end
  end
  return check
end

local function checks(div)
  local found, rest = {}, pandoc.Blocks {}
  for _, block in ipairs(div.content) do
    if block.t == 'BulletList' then
      for _, item in ipairs(block.content) do found[#found + 1] = check_parts(item) end
    else
      rest:insert(block)
    end
  end
  local blocks = pandoc.Blocks {}
  blocks:extend(rest)
  if TYPST then
    blocks:insert(raw('#checks('))
    for _, check in ipairs(found) do
      blocks:extend {
        raw('("' .. check.level .. '", ['), pandoc.Plain(check.name), raw('], ['), pandoc.Plain(check.word), raw('], ['),
        pandoc.Plain(check.why), raw(']),'),
      }
    end
    blocks:insert(raw(')'))
    return blocks
  end
  if DOCX then
    local rows = {}
    for index, check in ipairs(found) do
      local word = pandoc.Span(check.word, pandoc.Attr('', {}, { ['custom-style'] = 'Rating ' .. check.level }))
      rows[index] = { { pandoc.Plain { pandoc.Strong(check.name) } }, { pandoc.Plain { word } }, { pandoc.Plain(check.why) } }
    end
    local function head(text)
      return { pandoc.Plain { pandoc.Span({ pandoc.Str(text) }, pandoc.Attr('', {}, { ['custom-style'] = 'Table Head' })) } }
    end
    local left = pandoc.AlignLeft
    local built = pandoc.utils.from_simple_table(pandoc.SimpleTable(
      {}, { left, left, left }, { 0.23, 0.15, 0.62 }, { head('Check'), head('Rating'), head('Why') }, rows))
    blocks:insert(built)
    return blocks
  end
  if HTML then
    local items = {}
    for index, check in ipairs(found) do
      items[index] = { pandoc.Plain {
        pandoc.Span(check.name, pandoc.Attr('', { 'check-name' })), pandoc.Space(),
        pandoc.Span(check.word, pandoc.Attr('', { 'rating', check.level })), pandoc.Space(),
        pandoc.Span(check.why, pandoc.Attr('', { 'check-why' })),
      } }
    end
    blocks:insert(pandoc.BulletList(items))
    return pandoc.Div(blocks, pandoc.Attr(div.identifier, { 'checks' }))
  end
end

local PAGE_BREAK = '<w:p><w:r><w:br w:type="page"/></w:r></w:p>'

local function pagebreak()
  if TYPST then return raw('#pagebreak(weak: true)') end
  if DOCX then return pandoc.RawBlock('openxml', PAGE_BREAK) end
  return pandoc.Div({}, pandoc.Attr('', { 'pagebreak' }))
end

local STYLES = {
  answer = 'Answer',
  note = 'Note Box',
  ['next-steps'] = 'Next Steps',
  ['small-print'] = 'Small Print',
  ['layout-note'] = 'Small Print',
}

local function box(div)
  if div.classes:includes('facts') then return facts(div) end
  if div.classes:includes('checks') then return checks(div) end
  if div.classes:includes('pagebreak') then return pagebreak() end
  for name, style in pairs(STYLES) do
    if div.classes:includes(name) then
      if TYPST then return wrap('#' .. name .. '[', div.content, ']') end
      if DOCX and name == 'answer' then -- a link's colour could not be read on the dark ground
        div = div:walk { Link = function(link) return link.content end }
      end
      if DOCX and name == 'small-print' and div.content[1] then
        local first = table.remove(div.content, 1)
        return { styled({ first }, 'Small Print First'), styled(div.content, style) }
      end
      if DOCX then return styled(div.content, style) end
    end
  end
end

-- Word sets no space after a table.
local function after_tables(blocks)
  for index = 2, #blocks do
    if blocks[index - 1].t == 'Table' and blocks[index].t == 'Para' then
      blocks[index] = pandoc.Div({ blocks[index] }, pandoc.Attr('', {}, { ['custom-style'] = 'After Table' }))
    end
  end
  return blocks
end

local filters = { { traverse = 'topdown', Div = box } }
if DOCX then filters[2] = { Blocks = after_tables } end
return filters
