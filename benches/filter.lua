-- What a Lua filter can do about scheduled tasks: find the event, undo the XML escapes, look for words in its content.
-- It reads no XML, decodes no base64 and knows no second shape; benches/agent.sh measures what that costs.
local verbs = { [4698] = "created", [4699] = "deleted", [4700] = "enabled", [4701] = "disabled", [4702] = "updated" }
local words = {
    "powershell", "pwsh", "mshta", "rundll32", "regsvr32", "wscript", "cscript", "certutil", "bitsadmin",
    "-enc", "-encodedcommand", "hidden", "downloadstring", "frombase64string", "invoke-expression",
    "\\appdata\\", "\\temp\\", "\\users\\public\\", "http://", "https://",
}

function tag_tasks(tag, timestamp, record)
    local verb = verbs[tonumber(record["EventID"])]
    if verb == nil then
        return 0, timestamp, record
    end
    local inserts = record["StringInserts"]
    local content = record["TaskContent"] or record["TaskContentNew"] or (inserts and inserts[6]) or record["Message"]
    if type(content) ~= "string" then
        return 0, timestamp, record
    end
    content = content:gsub("&lt;", "<"):gsub("&gt;", ">"):gsub("&quot;", '"'):gsub("&apos;", "'"):gsub("&amp;", "&")
    content = content:lower()
    local found = {}
    for _, word in ipairs(words) do
        if content:find(word, 1, true) then
            found[#found + 1] = word
        end
    end
    if #found == 0 then
        return 0, timestamp, record
    end
    record["schtag"] = { verdict = "alert", change = verb, words = found }
    return 2, timestamp, record
end
