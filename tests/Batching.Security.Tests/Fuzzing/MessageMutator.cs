using System.Collections;
using System.Text;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Batching.Security.Tests.Fuzzing;

/// <summary>Damages the values of a message and leaves its form as it is, so that it can be read.</summary>
internal static class MessageMutator
{
    private static readonly long[] Numbers = [0, 1, -1, 2, 100, int.MaxValue, int.MinValue, long.MaxValue, long.MinValue];
    private static readonly double[] Doubles = [0, -0.0, 1.5, double.NaN, double.PositiveInfinity, double.MinValue, double.Epsilon, 1e300];

    /// <summary>Changes some of the values that are set, and sets some that aren't.</summary>
    public static void Mutate(IMessage message, Random random)
    {
        foreach (var field in message.Descriptor.Fields.InDeclarationOrder())
        {
            if (field.IsMap)
            {
                MutateMap((IDictionary)field.Accessor.GetValue(message), random);
            }
            else if (field.IsRepeated)
            {
                MutateList((IList)field.Accessor.GetValue(message), field, random);
            }
            else if (field.FieldType == FieldType.Message)
            {
                if (field.Accessor.GetValue(message) is IMessage child)
                {
                    Mutate(child, random);
                }
            }
            else if (random.Next(4) == 0 && (field.RealContainingOneof is null || field.Accessor.HasValue(message)))
            {
                field.Accessor.SetValue(message, MutateValue(field.Accessor.GetValue(message), random));
            }
        }
    }

    private static void MutateList(IList list, FieldDescriptor field, Random random)
    {
        for (var i = 0; i < list.Count; i++)
        {
            if (list[i] is IMessage child)
            {
                Mutate(child, random);
            }
            else if (random.Next(4) == 0)
            {
                list[i] = MutateValue(list[i]!, random);
            }
        }

        if (list.Count > 0 && random.Next(8) == 0)
        {
            var copies = random.Next(1, 120);
            for (var i = 0; i < copies; i++)
            {
                list.Add(list[0] is IMessage child ? field.MessageType.Parser.ParseFrom(child.ToByteString()) : list[0]);
            }
        }
    }

    private static void MutateMap(IDictionary map, Random random)
    {
        foreach (var key in map.Keys.Cast<string>().ToArray())
        {
            var value = map[key]!;
            map.Remove(key);
            if (value is IMessage child)
            {
                Mutate(child, random);
            }

            map[random.Next(4) == 0 ? MutateValue(key, random) : key] =
                value is not IMessage && random.Next(3) == 0 ? MutateValue(value, random) : value;
        }
    }

    private static object MutateValue(object? value, Random random) => value switch
    {
        string text => Encoding.UTF8.GetString(Mutator.Mutate(Encoding.UTF8.GetBytes(text), random)),
        ByteString bytes => ByteString.CopyFrom(Mutator.Mutate(bytes.Span, random)),
        bool flag => !flag,
        int => (int)Numbers[random.Next(Numbers.Length)],
        long => Numbers[random.Next(Numbers.Length)],
        double => Doubles[random.Next(Doubles.Length)],
        Enum other => Enum.ToObject(other.GetType(), random.Next(-1, 12)),
        _ => value!,
    };
}
