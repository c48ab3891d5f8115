using Transcoding.Test.V1;

namespace Grpc.JsonTranscoding.Tests.Startup;

/// <summary>Implementations of the services whose rules can't work.</summary>
internal static class BadServices
{
    public sealed class UnknownPathFieldService : UnknownPathField.UnknownPathFieldBase;

    public sealed class UnknownNestedPathFieldService : UnknownNestedPathField.UnknownNestedPathFieldBase;

    public sealed class PathThroughScalarService : PathThroughScalar.PathThroughScalarBase;

    public sealed class RepeatedPathFieldService : RepeatedPathField.RepeatedPathFieldBase;

    public sealed class PathThroughRepeatedService : PathThroughRepeated.PathThroughRepeatedBase;

    public sealed class MessagePathFieldService : MessagePathField.MessagePathFieldBase;

    public sealed class MapPathFieldService : MapPathField.MapPathFieldBase;

    public sealed class UnknownBodyService : UnknownBody.UnknownBodyBase;

    public sealed class NestedBodyService : NestedBody.NestedBodyBase;

    public sealed class BodyInPathService : BodyInPath.BodyInPathBase;

    public sealed class BodyAroundPathService : BodyAroundPath.BodyAroundPathBase;

    public sealed class UnknownResponseBodyService : UnknownResponseBody.UnknownResponseBodyBase;

    public sealed class BadTemplateService : BadTemplate.BadTemplateBase;

    public sealed class NoPatternService : NoPattern.NoPatternBase;

    public sealed class NestedAdditionalService : NestedAdditional.NestedAdditionalBase;

    public sealed class SamePathTwiceService : SamePathTwice.SamePathTwiceBase;

    public sealed class SamePathInOtherWordsService : SamePathInOtherWords.SamePathInOtherWordsBase;

    public sealed class AnyMethodClashesService : AnyMethodClashes.AnyMethodClashesBase;

    public sealed class ClientStreamRuleService : ClientStreamRule.ClientStreamRuleBase;

    public sealed class DuplexRuleService : DuplexRule.DuplexRuleBase;
}
