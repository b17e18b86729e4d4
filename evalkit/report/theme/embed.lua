-- The part of Quarto that evalkit's own layout supports: conditional content, callouts, figures and tables with captions
-- and numbers, cross references, side-by-side layout, accessible pictures, formulas and tables.
-- Runs before blocks.lua. Problems go to standard error, a line each, marked EVALKIT; then pandoc stops with code 3.

local HTML = FORMAT:match('html') ~= nil
local TYPST = FORMAT == 'typst'
local DOCX = FORMAT == 'docx'
local utils = pandoc.utils

local function module(name)
  return dofile(pandoc.path.join { pandoc.path.directory(PANDOC_SCRIPT_FILE), name })
end

local widths = module('widths.lua')
local side_by_side = module('side_by_side.lua')

local problems = {}
local function problem(text) problems[#problems + 1] = text end

-- Strings -----------------------------------------------------------------------------------------------------------

local function typst_text(text)
  return '"' .. text:gsub('\\', '\\\\'):gsub('"', '\\"'):gsub('\n', ' ') .. '"'
end

local function raw(text)
  return pandoc.RawBlock('typst', text)
end

local function has(list, name)
  return list:includes(name)
end

local function append(list, more)
  for _, item in ipairs(more) do list[#list + 1] = item end
end

-- Conditional content -----------------------------------------------------------------------------------------------

local FORMATS = {
  html = { html = true },
  typst = { typst = true, pdf = true },
  docx = { docx = true },
}

local function is_format(name)
  return (FORMATS[HTML and 'html' or FORMAT] or {})[name] == true
end

local function visibility(meta)
  local function show(element)
    local visible, hidden = has(element.classes, 'content-visible'), has(element.classes, 'content-hidden')
    if not (visible or hidden) then return nil end
    local given = element.attributes
    local holds = true
    if given['when-format'] then holds = holds and is_format(given['when-format']) end
    if given['unless-format'] then holds = holds and not is_format(given['unless-format']) end
    if given['when-meta'] then holds = holds and meta[given['when-meta']] ~= nil and meta[given['when-meta']] ~= false end
    if given['unless-meta'] then holds = holds and not meta[given['unless-meta']] end
    if holds == visible then return element.content end
    return {}
  end
  return { Div = show, Span = show }
end

-- Callouts ----------------------------------------------------------------------------------------------------------

local CALLOUT_WORDS = { note = 'Note', tip = 'Tip', warning = 'Warning', caution = 'Caution', important = 'Important' }

local CALLOUT_STYLES = { tip = 'Callout Tip', warning = 'Callout Warning', caution = 'Callout Warning' }

local function callout(div)
  local kind
  for _, class in ipairs(div.classes) do kind = kind or class:match('^callout%-(%a+)$') end
  if not kind or not CALLOUT_WORDS[kind] then return nil end
  local content = div.content:clone()
  local title = pandoc.Inlines { pandoc.Str(CALLOUT_WORDS[kind]) }
  if div.attributes.title then
    title = utils.blocks_to_inlines(pandoc.read(div.attributes.title, 'markdown').blocks)
  elseif content[1] and content[1].t == 'Header' then
    title = content:remove(1).content
  end
  if TYPST then
    local blocks = pandoc.Blocks { raw('#callout(' .. typst_text(kind) .. ')['), pandoc.Plain(title), raw('][') }
    append(blocks, content)
    append(blocks, { raw(']') })
    return blocks
  end
  if DOCX then
    local style = CALLOUT_STYLES[kind] or 'Callout'
    local head = pandoc.Div({ pandoc.Para(title) }, pandoc.Attr('', {}, { ['custom-style'] = style .. ' Title' }))
    content = content:walk { -- styles reach Para only; tables keep their own
      traverse = 'topdown',
      Table = function(inner) return inner, false end,
      Plain = function(plain) return pandoc.Para(plain.content) end,
    }
    return { head, pandoc.Div(content, pandoc.Attr('', {}, { ['custom-style'] = style })) }
  end
  content:insert(1, pandoc.Div({ pandoc.Plain { pandoc.Strong(title) } }, pandoc.Attr('', { 'callout-title' })))
  return pandoc.Div(content, pandoc.Attr(div.identifier, { 'callout', 'callout-' .. kind }, { role = 'note' }))
end

-- Figures and tables from Quarto's box form ---------------------------------------------------------------------------

local function last_paragraph(div)
  local last = div.content[#div.content]
  if #div.content > 1 and (last.t == 'Para' or last.t == 'Plain') then
    return last.content, pandoc.Blocks { table.unpack(div.content, 1, #div.content - 1) }
  end
  return pandoc.Inlines {}, div.content
end

local function box(div)
  local id = div.identifier
  if id:match('^tbl%-') or has(div.classes, 'table') then
    local caption, content = last_paragraph(div)
    local done = false
    return content:map(function(block)
      if block.t ~= 'Table' or done then return block end
      done = true
      if #caption > 0 then block.caption = { long = { pandoc.Plain(caption) } } end
      block.attr = pandoc.Attr(id, { 'evalkit' })
      local shares, complaint = widths.given(div.attributes['tbl-colwidths'], #block.colspecs)
      if complaint then problem(complaint) end
      shares = shares or widths.measured(block)
      for index, spec in ipairs(block.colspecs) do block.colspecs[index] = { spec[1], shares[index] } end
      return block
    end)
  end
  if id:match('^fig%-') or has(div.classes, 'figure') then
    local caption, content = last_paragraph(div)
    return pandoc.Figure(content, { long = { pandoc.Plain(caption) } }, pandoc.Attr(id))
  end
end

-- Numbers and references ----------------------------------------------------------------------------------------------

local targets = {}

local function number_all(doc)
  local counts = { fig = 0, tbl = 0 }
  local sections = {}
  local numbered = doc.meta['number-sections'] == true
  local function float(kind, word)
    return function(element)
      if not element.identifier:match('^' .. kind .. '%-') then return nil end
      counts[kind] = counts[kind] + 1
      local name = word .. ' ' .. counts[kind]
      targets[element.identifier] = name
      local caption = element.caption.long[1] and element.caption.long[1].content or pandoc.Inlines {}
      caption:insert(1, pandoc.Strong { pandoc.Str(name .. ':') })
      caption:insert(2, pandoc.Space())
      element.caption = { long = { pandoc.Plain(caption) } }
      return element
    end
  end
  local function header(element)
    if has(element.classes, 'unnumbered') then
      targets[element.identifier] = utils.stringify(element.content)
      return nil
    end
    local level = element.level - 1 -- the title has the first level
    sections[level] = (sections[level] or 0) + 1
    for deeper = level + 1, 6 do sections[deeper] = nil end
    local number = {}
    for upper = 1, level do number[#number + 1] = tostring(sections[upper] or 0) end
    local text = table.concat(number, '.')
    targets[element.identifier] = numbered and 'Section ' .. text or utils.stringify(element.content)
    if numbered then
      element.content:insert(1, pandoc.Str(text))
      element.content:insert(2, pandoc.Space())
      return element
    end
  end
  return doc:walk {
    traverse = 'topdown',
    Figure = float('fig', 'Figure'),
    Table = float('tbl', 'Table'),
    Header = header,
  }
end

local function cite(element)
  local links = pandoc.Inlines {}
  for index, citation in ipairs(element.citations) do
    local name = targets[citation.id]
    if not name then
      problem('@' .. citation.id .. ' refers to nothing. Label the figure, table or section, or write \\@ for a plain sign.')
      return nil
    end
    if index > 1 then links:insert(pandoc.Str(', ')) end
    links:insert(pandoc.Link({ pandoc.Str((name:gsub(' (%d[%d.]*)$', '\u{a0}%1'))) }, '#' .. citation.id))
  end
  return links
end

-- Pictures --------------------------------------------------------------------------------------------------------------

local function alt_of(image)
  local alt = image.attributes['fig-alt'] or image.attributes.alt or ''
  if alt == '' then alt = utils.stringify(image.caption) end
  if alt == '' then problem('the picture ' .. image.src .. ' has no words for those who cannot see it. Add fig-alt.') end
  return alt
end

local function read_svg(path)
  local file = io.open(path, 'rb')
  if not file then
    problem('the picture ' .. path .. ' is missing.')
    return ''
  end
  local text = file:read('a')
  file:close()
  return text
end

local WIDE = 360 -- points
local WORD_WIDTH = 6.61 -- inches of text on Word's page; pandoc alone would not enlarge a picture

local function image(element)
  local alt = alt_of(element)
  if HTML and element.src:match('%.svg$') then
    local svg = read_svg(element.src)
    local points = tonumber(svg:match('^<svg[^>]-%swidth="([%d.]+)pt"') or '0')
    if points < WIDE then return pandoc.RawInline('html', svg) end
    -- a wide picture keeps its letters readable on a phone: it scrolls inside its own region
    local open = '<span class="picture" role="group" tabindex="0" aria-label="Picture, scrolls sideways on a narrow screen">'
    return pandoc.RawInline('html', open .. svg .. '</span>')
  end
  if TYPST then
    local width = element.attributes.width and ', width: ' .. element.attributes.width or ''
    return pandoc.RawInline('typst', '#box(image(' .. typst_text(element.src) .. ', alt: ' .. typst_text(alt) .. width .. '))')
  end
  element.attributes['fig-alt'] = nil
  if DOCX and not element.attributes.height then
    local percent = tonumber((element.attributes.width or '100%'):match('^([%d.]+)%%$'))
    if percent then element.attributes.width = string.format('%.2fin', WORD_WIDTH * percent / 100) end
  end
  element.caption = { pandoc.Str(alt) }
  return element
end

local function figure(element)
  local caption = element.caption.long[1] and element.caption.long[1].content or pandoc.Inlines {}
  local blocks = pandoc.Blocks { raw('#report-figure([') }
  append(blocks, element.content)
  append(blocks, { raw('], ['), pandoc.Plain(caption), raw(element.identifier ~= '' and ']) <' .. element.identifier .. '>' or '])') })
  return blocks
end

-- Formulas --------------------------------------------------------------------------------------------------------------

local function formula(element)
  local display = element.mathtype == 'DisplayMath'
  if HTML and display then -- a long formula scrolls inside its own region, as a wide picture does
    local open = '<span class="formula" role="group" tabindex="0" aria-label="Formula, scrolls sideways on a narrow screen">'
    return { pandoc.RawInline('html', open), element, pandoc.RawInline('html', '</span>') }
  end
  if not TYPST then return nil end
  local text = pandoc.write(pandoc.Pandoc { pandoc.Plain { element } }, 'typst'):gsub('^%s*%$%s*', ''):gsub('%s*%$%s*$', '')
  local block = display and 'true' or 'false'
  return pandoc.RawInline('typst', '#math.equation(alt: ' .. typst_text(element.text) .. ', block: ' .. block .. ', $' .. text .. '$)')
end

-- Tables ----------------------------------------------------------------------------------------------------------------

local function in_style(blocks, style)
  local function dress(element)
    element.content = { pandoc.Span(element.content, pandoc.Attr('', {}, { ['custom-style'] = style })) }
    return element
  end
  return blocks:walk { Plain = dress, Para = dress }
end

-- A word too long for its column (a hash, an address) may break anywhere.
local function breakable(element)
  if (utf8.len(element.text) or 0) < 30 then return nil end
  return pandoc.Str((element.text:gsub('[%w_/.-][%w_/.-][%w_/.-][%w_/.-]', '%0\u{200b}')))
end

local function table_output(element)
  for _, row in ipairs(element.head.rows) do
    for _, cell in ipairs(row.cells) do
      if utils.stringify(cell.contents) == '' then
        problem('a table has a column without a name. Name every column; screen readers read the names out.')
      end
      if DOCX then cell.contents = in_style(cell.contents, 'Table Head') end
      if HTML then cell.attr.attributes.scope = cell.col_span > 1 and 'colgroup' or 'col' end
    end
  end
  local shares = not element.colspecs[1][2] and widths.measured(element) or nil
  for index, spec in ipairs(element.colspecs) do
    local align = spec[1] == 'AlignDefault' and 'AlignLeft' or spec[1]
    element.colspecs[index] = { align, shares and shares[index] or spec[2] }
  end
  if TYPST then return element:walk { Str = breakable } end
  if DOCX then return element end
  for _, body in ipairs(element.bodies) do
    body.row_head_columns = 1
    for _, row in ipairs(body.body) do
      if row.cells[1] then row.cells[1].attr.attributes.scope = 'row' end
    end
  end
  local name = element.caption.long[1] and utils.stringify(element.caption.long) or 'Table'
  local role = element.identifier:match('^tbl%-') and 'region' or 'group' -- landmarks must differ: only numbered ones do
  return pandoc.Div({ element }, pandoc.Attr('', { 'table-region' }, { { 'role', role }, { 'tabindex', '0' }, { 'aria-label', name } }))
end

-- What typst needs besides ---------------------------------------------------------------------------------------------

-- Pandoc writes text such as "1." or "/" at the start of a block as it is; typst would read a list.
local function plain_start(element)
  local first = element.content[1]
  if not (first and first.t == 'Str') then return nil end
  local number, mark = first.text:match('^(%d+)([.)])$')
  if number then
    element.content[1] = pandoc.RawInline('typst', number .. '\\' .. mark)
  elseif first.text:match('^[-+/=]+$') then
    element.content[1] = pandoc.RawInline('typst', (first.text:gsub('.', '\\%0')))
  else
    return nil
  end
  return element
end

-- The whole -------------------------------------------------------------------------------------------------------------

local function add_logo(doc)
  local path = doc.meta['word-logo']
  if not (DOCX and path) then return end
  local alt = { pandoc.Str(utils.stringify(doc.meta['word-logo-alt'])) }
  local logo = pandoc.Image(alt, utils.stringify(path), '', pandoc.Attr('', {}, { height = '1.3cm' }))
  doc.blocks:insert(1, pandoc.Para { logo })
end

local function plain_title(meta)
  meta['title-text'] = pandoc.Inlines { pandoc.Str(utils.stringify(meta.title or '')) }
  if meta.description then meta['description-text'] = pandoc.Inlines { pandoc.Str(utils.stringify(meta.description)) } end
end

local function byline(meta)
  local parts = pandoc.List {}
  local authors = meta.author
  if authors and utils.type(authors) ~= 'List' then authors = { authors } end
  for _, author in ipairs(authors or {}) do parts:insert(utils.stringify(author)) end
  if meta.date then parts:insert(utils.stringify(meta.date)) end
  if #parts > 0 then meta.byline = pandoc.Inlines { pandoc.Str(table.concat(parts, ' · ')) } end
end

function Pandoc(doc)
  plain_title(doc.meta)
  byline(doc.meta)
  add_logo(doc)
  doc = doc:walk(visibility(doc.meta))
  doc = doc:walk { Div = callout }
  doc = doc:walk { Div = box }
  doc = number_all(doc)
  doc = doc:walk { Cite = cite }
  doc = doc:walk { Div = side_by_side }
  doc = doc:walk { Table = function(t) if t.attributes['custom-style'] ~= 'Layout' then return table_output(t) end end }
  doc = doc:walk { Image = image, Math = formula }
  if TYPST then doc = doc:walk { Figure = figure, Plain = plain_start, Para = plain_start } end
  if #problems > 0 then
    for _, text in ipairs(problems) do io.stderr:write('EVALKIT ' .. text .. '\n') end
    os.exit(3)
  end
  return doc
end
