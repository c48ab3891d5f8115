using Google.Protobuf.Reflection;
using Google.Rpc;

namespace Grpc.AspNetCore.Server.Reflection.Internal;

/// <summary>All that the services' files declare, by name.</summary>
internal sealed class DescriptorIndex
{
    private readonly Dictionary<string, FileDescriptor> _files = new(StringComparer.Ordinal);
    private readonly Dictionary<string, FileDescriptor> _symbols = new(StringComparer.Ordinal);
    private readonly HashSet<string> _messages = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SortedDictionary<int, FileDescriptor>> _extensions = new(StringComparer.Ordinal);

    public DescriptorIndex(IEnumerable<ServiceDescriptor> services)
    {
        var names = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var service in services)
        {
            names.Add(service.FullName);
            AddFile(service.File);
        }

        Services = [.. names];
    }

    /// <summary>The full names of the services, in order.</summary>
    public IReadOnlyList<string> Services { get; }

    public FileDescriptor? FindFile(string name) => _files.GetValueOrDefault(name);

    public FileDescriptor? FindSymbol(string fullName) => _symbols.GetValueOrDefault(fullName);

    public FileDescriptor? FindExtension(string extendee, int number) =>
        _extensions.TryGetValue(extendee, out var byNumber) ? byNumber.GetValueOrDefault(number) : null;

    /// <summary>The numbers of the known extensions of a message, in order; null when the message is not known.</summary>
    public IEnumerable<int>? FindExtensionNumbers(string message) =>
        _extensions.TryGetValue(message, out var byNumber) ? byNumber.Keys
        : _messages.Contains(message) ? []
        : null;

    private void AddFile(FileDescriptor file)
    {
        if (!_files.TryAdd(file.Name, file))
        {
            return;
        }

        foreach (var dependency in file.Dependencies)
        {
            AddFile(dependency);
        }

        // The details of a status travel as Any, so no file has to import them, and no client could show them.
        if (file.Name == StatusReflection.Descriptor.Name)
        {
            AddFile(ErrorDetailsReflection.Descriptor);
        }

        foreach (var message in file.MessageTypes)
        {
            AddMessage(message);
        }

        foreach (var enumeration in file.EnumTypes)
        {
            AddEnum(enumeration);
        }

        foreach (var service in file.Services)
        {
            _symbols.TryAdd(service.FullName, file);
            foreach (var method in service.Methods)
            {
                _symbols.TryAdd(method.FullName, file);
            }
        }

        AddExtensions(file.Extensions, file);
    }

    private void AddMessage(MessageDescriptor message)
    {
        _symbols.TryAdd(message.FullName, message.File);
        _messages.Add(message.FullName);
        foreach (var field in message.Fields.InDeclarationOrder())
        {
            _symbols.TryAdd(field.FullName, message.File);
        }

        foreach (var oneof in message.Oneofs)
        {
            _symbols.TryAdd(oneof.FullName, message.File);
        }

        foreach (var nested in message.NestedTypes)
        {
            AddMessage(nested);
        }

        foreach (var enumeration in message.EnumTypes)
        {
            AddEnum(enumeration);
        }

        AddExtensions(message.Extensions, message.File);
    }

    private void AddEnum(EnumDescriptor enumeration)
    {
        _symbols.TryAdd(enumeration.FullName, enumeration.File);

        // Values live beside their enum, not in it, as in C++.
        foreach (var value in enumeration.Values)
        {
            _symbols.TryAdd(value.FullName, enumeration.File);
        }
    }

    private void AddExtensions(ExtensionCollection extensions, FileDescriptor file)
    {
        foreach (var extension in extensions.UnorderedExtensions)
        {
            _symbols.TryAdd(extension.FullName, file);
            var extendee = extension.ExtendeeType.FullName;
            if (!_extensions.TryGetValue(extendee, out var byNumber))
            {
                _extensions[extendee] = byNumber = [];
            }

            byNumber.TryAdd(extension.FieldNumber, file);
        }
    }
}
