-- Boxes side by side: `layout-ncol` and `columns`, as a grid on the page and in the PDF, as a table in Word. A module of
-- embed.lua.

local TYPST = FORMAT == 'typst'
local DOCX = FORMAT == 'docx'
local utils = pandoc.utils

local function raw(text)
  return pandoc.RawBlock('typst', text)
end

local function grid(cells, columns)
  if TYPST then
    local blocks = pandoc.Blocks { raw('#side-by-side(' .. columns .. ',') }
    for _, cell in ipairs(cells) do
      blocks:insert(raw('['))
      blocks:extend(cell)
      blocks:insert(raw('],'))
    end
    blocks:insert(raw(')'))
    return blocks
  end
  if DOCX then
    local aligns, widths, rows, row = {}, {}, {}, {}
    for column = 1, columns do
      aligns[column], widths[column] = pandoc.AlignDefault, 1 / columns
    end
    local share = math.floor(100 / columns) - 2 .. '%'
    local function fit(element)
      element.attributes.width = share
      return element
    end
    for index, cell in ipairs(cells) do
      row[#row + 1] = pandoc.Blocks(cell):walk { Image = fit }
      if #row == columns or index == #cells then
        while #row < columns do row[#row + 1] = {} end
        rows[#rows + 1], row = row, {}
      end
    end
    local built = utils.from_simple_table(pandoc.SimpleTable({}, aligns, widths, {}, rows))
    built.attr = pandoc.Attr('', {}, { ['custom-style'] = 'Layout' })
    return { built }
  end
  local boxes = pandoc.Blocks {}
  for _, cell in ipairs(cells) do boxes:insert(pandoc.Div(cell)) end
  return { pandoc.Div(boxes, pandoc.Attr('', { 'side-by-side' }, { style = '--columns: ' .. columns })) }
end

local function side_by_side(div)
  local columns = tonumber(div.attributes['layout-ncol'])
  if columns then
    local cells = {}
    for _, block in ipairs(div.content) do
      if block.t == 'Para' and #block.content > 0 and block.content:find_if(function(i) return i.t == 'Image' end) then
        for _, inline in ipairs(block.content) do -- pictures in one paragraph are a cell each
          if inline.t == 'Image' then cells[#cells + 1] = { pandoc.Plain { inline } } end
        end
      else
        cells[#cells + 1] = { block }
      end
    end
    return grid(cells, math.floor(columns)), false
  end
  if div.classes:includes('columns') then
    local cells = {}
    for _, block in ipairs(div.content) do
      if block.t == 'Div' and block.classes:includes('column') then cells[#cells + 1] = block.content end
    end
    if #cells > 0 then return grid(cells, #cells), false end
  end
end

return side_by_side
