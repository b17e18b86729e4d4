-- The widths of a table's columns: given by the author, or measured from the content. A module of embed.lua.

local utils = pandoc.utils

-- Widths that the author gives, as shares of 1; nil and a complaint when they do not fit.
local function given(text, count)
  local widths, total = {}, 0
  for number in (text or ''):gmatch('[%d.]+') do
    widths[#widths + 1] = tonumber(number)
    total = total + tonumber(number)
  end
  if #widths == 0 then return nil end
  if #widths ~= count or total <= 0 then
    return nil, 'tbl-colwidths ' .. text .. ' does not fit a table of ' .. count .. ' columns. Give one width per column.'
  end
  for index, width in ipairs(widths) do widths[index] = width / total end
  return widths
end

local CAPACITY = 99 -- letters that fit side by side in a table as wide as the page
local PADDING = 2.5

local SHORT = 18 -- letters: text up to here, such as an interval, is not broken while there is room

-- Widths from the content: a column holds its longest word, or its longest short text; what is left of the line goes to
-- columns with longer text.
local function measured(tbl)
  local words, short, long = {}, {}, {}
  local function look(rows, boldness)
    for _, row in ipairs(rows) do
      for index, cell in ipairs(row.cells) do
        local text = utils.stringify(cell.contents)
        local _, digits = text:gsub('%d', '') -- digits are set wider than letters
        local length = boldness == 1 and (utf8.len(text) or #text) + 0.2 * digits or 0 -- headings may wrap
        long[index] = math.max(long[index] or 0, math.min(length, 60))
        if length <= SHORT then short[index] = math.max(short[index] or 0, length) end
        for word in text:gmatch('%S+') do
          words[index] = math.max(words[index] or 0, math.min(utf8.len(word) or #word, 30) * boldness)
        end
      end
    end
  end
  look(tbl.head.rows, 1.1)
  for _, body in ipairs(tbl.bodies) do look(body.body, 1) end

  local function sums(shorts)
    local need, want, needed, wanted = {}, {}, 0, 0
    for index = 1, #tbl.colspecs do
      need[index] = math.max(words[index] or 1, shorts and short[index] or 0) + PADDING
      want[index] = math.max((long[index] or 1) + PADDING, need[index])
      needed, wanted = needed + need[index], wanted + want[index]
    end
    return need, want, needed, wanted
  end
  local need, want, needed, wanted = sums(true)
  if needed > CAPACITY then need, want, needed, wanted = sums(false) end
  local share = wanted > CAPACITY and math.max(CAPACITY - needed, 0) / math.max(wanted - needed, 1) or 1
  local widths, total = {}, 0
  for index = 1, #tbl.colspecs do
    widths[index] = need[index] + share * (want[index] - need[index])
    total = total + widths[index]
  end
  for index, width in ipairs(widths) do widths[index] = width / total end
  return widths
end

return { given = given, measured = measured }
