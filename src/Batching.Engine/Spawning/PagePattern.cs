using System.Text;
using System.Text.Json;
using Batching.Engine.Content;

namespace Batching.Engine.Spawning;

/// <summary>The places of a page that are looked for, all in one pass. Immutable once it is made; then thread-safe.</summary>
internal sealed class PagePattern
{
    private readonly bool _findsItems;

    /// <summary>A pattern that finds the items of a page as well.</summary>
    /// <param name="items">Where they are; null for the page itself, else the first array among its members.</param>
    public PagePattern(JsonPointer? items)
    {
        _findsItems = items is null;
        if (items is not null)
        {
            Root.At(items).IsItems = true;
        }
    }

    /// <summary>The number of values it finds.</summary>
    public int Count { get; private set; }

    private Node Root { get; } = new("");

    /// <summary>Adds a place; its number among the values. A place that is added twice has one number.</summary>
    public int Add(JsonPointer pointer)
    {
        var node = Root.At(pointer);
        if (node.Slot < 0)
        {
            node.Slot = Count++;
        }

        return node.Slot;
    }

    /// <summary>Reads a page, up to where all that is wanted of it is found.</summary>
    /// <param name="body">The page.</param>
    /// <param name="values">Gets the values; <see cref="Count"/> of them.</param>
    /// <param name="enough">The value after which no other is wanted; -1 for the end of the page.</param>
    /// <param name="wantsItems">Whether the items are wanted, too.</param>
    /// <returns>The items, as far as they were read.</returns>
    /// <exception cref="FormatException">The page is no JSON, as far as it was read.</exception>
    public PageItems Read(ReadOnlySpan<byte> body, Span<PageValue> values, int enough, bool wantsItems)
    {
        var pass = new PagePass(body, values, enough, wantsItems, _findsItems);
        try
        {
            return pass.Read(Root);
        }
        catch (JsonException exception)
        {
            throw new FormatException("The page is not valid JSON.", exception);
        }
    }

    /// <summary>A place on the way to others.</summary>
    internal sealed class Node(string token)
    {
        private readonly byte[] _name = Encoding.UTF8.GetBytes(token);

        /// <summary>The number of its value; -1 if it is not wanted.</summary>
        public int Slot { get; set; } = -1;

        /// <summary>Whether the items are here.</summary>
        public bool IsItems { get; set; }

        /// <summary>The name of a member, in UTF-8.</summary>
        public ReadOnlySpan<byte> Name => _name;

        /// <summary>The index of an element; -1 if the token is none.</summary>
        public int Index { get; } = JsonPointer.ToIndex(token);

        public List<Node> Children { get; } = [];

        public Node At(JsonPointer pointer)
        {
            var node = this;
            foreach (var token in pointer.Tokens)
            {
                var name = Encoding.UTF8.GetBytes(token);
                if (node.Children.Find(child => child.Name.SequenceEqual(name)) is not { } next)
                {
                    node.Children.Add(next = new Node(token));
                }

                node = next;
            }

            return node;
        }
    }
}
