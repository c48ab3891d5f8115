#!/usr/bin/env bash
# Whoever decompresses with .NET and catches InvalidDataException for bad data misses a body that names a dictionary.
#
# Versions: .NET 10.0 (System.IO.Compression of the shared framework), zlib data made by Python 3. Seen on 2026-12-01.
# Behaviour: a zlib stream (HTTP's content coding "deflate", RFC 9110, section 8.4.1.2) may have been made with a preset
# dictionary (RFC 1950, section 2.2). ZLibStream has no way to be given one. It says so by ZLibException, an IOException that
# is not public, while everything else that is wrong with the data is an InvalidDataException. So a service that maps the
# latter to 400 answers 500, and one that takes any IOException for a connection that broke may send a request again.
# Output seen:
#   plain: read, 5 bytes
#   damaged: System.IO.InvalidDataException, IOException: False
#   dictionary: System.IO.Compression.ZLibException, IOException: True
# Exits with 0 as long as that is so. Needs the .NET 10 SDK and Python 3. What it means for a service: tell bad data by the
# assembly that throws (Exception.Source), too.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 - <<'PYTHON'
import zlib
plain = zlib.compress(b"hello")
open("plain", "wb").write(plain)
# Its first byte of data has a type of block that does not exist.
open("damaged", "wb").write(plain[:2] + b"\x07" + plain[3:])
compressor = zlib.compressobj(zdict=b"hello world")
open("dictionary", "wb").write(compressor.compress(b"hello") + compressor.flush())
PYTHON
cat > finding.csproj <<'PROJECT'
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <TargetFramework>net10.0</TargetFramework>
    <OutputType>Exe</OutputType>
    <ImplicitUsings>enable</ImplicitUsings>
  </PropertyGroup>
</Project>
PROJECT
cat > Program.cs <<'PROGRAM'
using System.IO.Compression;

foreach (var name in args)
{
    try
    {
        using var stream = new ZLibStream(File.OpenRead(name), CompressionMode.Decompress);
        using var output = new MemoryStream();
        stream.CopyTo(output);
        Console.WriteLine($"{name}: read, {output.Length} bytes");
    }
    catch (Exception exception)
    {
        Console.WriteLine($"{name}: {exception.GetType()}, IOException: {exception is IOException}");
    }
}
PROGRAM
dotnet build -c Release -v quiet > log || { cat log; exit 2; }
seen=$(dotnet bin/Release/net10.0/finding.dll plain damaged dictionary)
echo "$seen"
expected='plain: read, 5 bytes
damaged: System.IO.InvalidDataException, IOException: False
dictionary: System.IO.Compression.ZLibException, IOException: True'
[ "$seen" = "$expected" ] || { echo 'It behaves otherwise now.'; exit 1; }
