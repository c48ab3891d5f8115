using System.Reflection;
using System.Reflection.Emit;

namespace Batching.Engine.Tests.Architecture;

/// <summary>
/// The types that a type uses: in its signatures, its attributes and the bodies of its methods, generic arguments included. The
/// compiler leaves no trace of constants; what uses nothing else of a type is found in the sources only.
/// </summary>
internal static class TypeUses
{
    private const BindingFlags All =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<int, OpCode> OpCodesByValue = typeof(OpCodes).GetFields()
        .Select(field => (OpCode)field.GetValue(null)!)
        .ToDictionary(code => code.Value & 0xFFFF);

    public static HashSet<Type> Of(Type type)
    {
        var uses = new HashSet<Type>();
        Add(uses, type.BaseType);
        Array.ForEach(type.GetInterfaces(), used => Add(uses, used));
        AddAttributes(uses, type);
        foreach (var member in type.GetMembers(All))
        {
            AddAttributes(uses, member);
            AddMember(uses, member);
            if (member is MethodBase { MethodImplementationFlags: not MethodImplAttributes.InternalCall } method
                && method.GetMethodBody() is { } body)
            {
                foreach (var local in body.LocalVariables)
                {
                    Add(uses, local.LocalType);
                }

                foreach (var clause in body.ExceptionHandlingClauses.Where(c => c.Flags == ExceptionHandlingClauseOptions.Clause))
                {
                    Add(uses, clause.CatchType);
                }

                AddBody(uses, method, body.GetILAsByteArray()!);
            }
        }

        return uses;
    }

    private static void AddBody(HashSet<Type> uses, MethodBase method, byte[] code)
    {
        var typeArguments = method.DeclaringType!.IsGenericType ? method.DeclaringType.GetGenericArguments() : null;
        var methodArguments = method.IsGenericMethod ? method.GetGenericArguments() : null;
        for (var at = 0; at < code.Length;)
        {
            // ECMA-335, III.1.2.1: an opcode is one byte, or 0xFE and another one.
            var value = code[at] == 0xFE ? 0xFE00 | code[at + 1] : code[at];
            at += value > 0xFF ? 2 : 1;
            switch (OpCodesByValue[value].OperandType)
            {
                case OperandType.InlineField or OperandType.InlineMethod or OperandType.InlineTok or OperandType.InlineType:
                    AddMember(uses, method.Module.ResolveMember(BitConverter.ToInt32(code, at), typeArguments, methodArguments)!);
                    at += 4;
                    break;
                case OperandType.InlineNone:
                    break;
                case OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar:
                    at++;
                    break;
                case OperandType.InlineVar:
                    at += 2;
                    break;
                case OperandType.InlineI8 or OperandType.InlineR:
                    at += 8;
                    break;
                case OperandType.InlineSwitch:
                    at += 4 + (4 * BitConverter.ToInt32(code, at));
                    break;
                default:
                    at += 4;
                    break;
            }
        }
    }

    private static void AddMember(HashSet<Type> uses, MemberInfo member)
    {
        Add(uses, member as Type ?? member.DeclaringType);
        switch (member)
        {
            case FieldInfo field:
                Add(uses, field.FieldType);
                break;
            case MethodBase method:
                Array.ForEach(method.GetParameters(), parameter => Add(uses, parameter.ParameterType));
                Add(uses, (method as MethodInfo)?.ReturnType);
                if (method.IsGenericMethod)
                {
                    Array.ForEach(method.GetGenericArguments(), used => Add(uses, used));
                }

                break;
        }
    }

    private static void AddAttributes(HashSet<Type> uses, MemberInfo member)
    {
        foreach (var attribute in member.CustomAttributes)
        {
            Add(uses, attribute.AttributeType);
            foreach (var argument in attribute.ConstructorArguments)
            {
                Add(uses, argument.Value as Type);
            }
        }
    }

    private static void Add(HashSet<Type> uses, Type? type)
    {
        if (type is null || type.IsGenericParameter || !uses.Add(type))
        {
            return;
        }

        Add(uses, type.GetElementType());
        Add(uses, type.DeclaringType);
        Array.ForEach(type.GenericTypeArguments, argument => Add(uses, argument));
    }
}
