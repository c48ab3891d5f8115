#!/usr/bin/env bash
# A Struct with a member whose name is empty is read from JSON by C# and Python, but C# can't write it as JSON again.
#
# Versions: Google.Protobuf 3.36.2 on .NET 10; python3-protobuf 3.21.12 (Debian 12); protobufjs 7.5.4 on Node.js 20. Seen on 2026-11-30.
# Behaviour: RFC 8259 allows "" as a name, and so does a Struct, whose fields are a map of strings. In C# JsonParser takes
# {"": 1}, and the message goes through its binary form and back; JsonFormatter throws InvalidOperationException for it.
# Python's json_format writes what it has read, and protobufjs, which shows a Struct as its fields, such a message, too. So a C# service
# that shows a message as JSON, as the transcoder of ASP.NET Core does, fails for a message that it has taken a moment before.
# Output seen:
#   C#: read, 1 field after its binary form, written: InvalidOperationException
#   Python: read, 1 field after its binary form, written: {"": 1.0}
#   Node: made, 1 field after its binary form, written: {"fields":{"":{"numberValue":1}}}
# Exits with 0 as long as that is so. Needs the .NET 10 SDK, npm, python3 and Debian's python3-protobuf. What it means for a
# service: refuse such a Struct when it comes, at every level, or keep its JSON as text.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > finding.csproj <<'PROJECT'
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <OutputType>Exe</OutputType>
    <TargetFramework>net10.0</TargetFramework>
  </PropertyGroup>
  <ItemGroup>
    <PackageReference Include="Google.Protobuf" Version="3.36.2" />
  </ItemGroup>
</Project>
PROJECT
cat > Program.cs <<'PROGRAM'
using System;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

var read = JsonParser.Default.Parse<Struct>("{\"\": 1}");
var again = Struct.Parser.ParseFrom(read.ToByteArray());
string written;
try
{
    written = JsonFormatter.Default.Format(again);
}
catch (Exception exception)
{
    written = exception.GetType().Name;
}

Console.WriteLine($"C#: read, {again.Fields.Count} field after its binary form, written: {written}");
PROGRAM
cat > finding.py <<'PROGRAM'
from google.protobuf import json_format, struct_pb2

read = json_format.Parse('{"": 1}', struct_pb2.Struct())
again = struct_pb2.Struct.FromString(read.SerializeToString())
written = json_format.MessageToJson(again, indent=None)
print(f'Python: read, {len(again.fields)} field after its binary form, written: {written}')
PROGRAM
cat > finding.js <<'PROGRAM'
const protobuf = require('protobufjs');
const root = protobuf.Root.fromJSON(protobuf.common.get('google/protobuf/struct.proto'));
const Struct = root.lookupType('google.protobuf.Struct');
const read = Struct.fromObject({ fields: { '': { numberValue: 1 } } });
const again = Struct.decode(Struct.encode(read).finish());
const count = Object.keys(again.fields).length;
console.log(`Node: made, ${count} field after its binary form, written: ${JSON.stringify(again)}`);
PROGRAM
dotnet build -c Release -v quiet > log || { cat log; exit 2; }
npm install --silent --no-audit --no-fund protobufjs@7.5.4 > log 2>&1 || { cat log; exit 2; }
seen=$(dotnet bin/Release/net10.0/finding.dll; /usr/bin/python3 finding.py; node finding.js)
echo "$seen"
expected='C#: read, 1 field after its binary form, written: InvalidOperationException
Python: read, 1 field after its binary form, written: {"": 1.0}
Node: made, 1 field after its binary form, written: {"fields":{"":{"numberValue":1}}}'
[ "$seen" = "$expected" ] || { echo 'It behaves otherwise now.'; exit 1; }
