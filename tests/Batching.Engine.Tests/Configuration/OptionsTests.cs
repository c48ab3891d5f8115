using Batching.Engine.Configuration;

namespace Batching.Engine.Tests.Configuration;

public sealed class OptionsTests
{
    [Fact]
    public void Defaults_AreAsDocumented()
    {
        var options = new BatchEngineOptions();
        Assert.Empty(options.Upstreams);
        Assert.Equal("Authorization", options.CredentialHeader);
        Assert.Equal(TimeSpan.FromMilliseconds(10), options.CommitDelay);
        Assert.Equal(TimeSpan.FromSeconds(5), options.ShutdownGrace);
        Assert.Equal(TimeSpan.FromSeconds(15), options.StreamHeartbeat);
        Assert.Equal(TimeSpan.FromHours(1), options.Retention.Responses);
        Assert.Equal(TimeSpan.FromHours(24), options.Retention.Metadata);

        var limits = options.Limits;
        Assert.Equal(10_000, limits.RequestsPerBatch);
        Assert.Equal(33_554_432, limits.SubmissionBytes);
        Assert.Equal(100_663_296, limits.DecodedBytes);
        Assert.Equal(134_217_728, limits.DecodingBytes);
        Assert.Equal(100_663_296, limits.DecodingBytesPerOwner);
        Assert.Equal(0, limits.LargeBodiesAtOnce);
        Assert.Equal(1_000_000, limits.RequestsPerUpload);
        Assert.Equal(1_073_741_824, limits.UploadBytes);
        Assert.Equal(TimeSpan.FromMinutes(1), limits.UploadIdleTime);
        Assert.Equal(TimeSpan.FromHours(1), limits.UploadTime);
        Assert.Equal(8_192, limits.PathLength);
        Assert.Equal(100, limits.JsonDepth);
        Assert.Equal(16, limits.ParamsDepth);
        Assert.Equal(16_384, limits.UrlLength);
        Assert.Equal(64, limits.HeadersPerRequest);
        Assert.Equal(16_384, limits.HeaderLength);
        Assert.Equal(10_485_760, limits.ResponseBytes);
        Assert.Equal(65_536, limits.ResponseHeaderBytes);
        Assert.Equal(4_161_536, limits.MessageBytes);
        Assert.Equal(2_097_152, limits.PageBytes);
        Assert.Equal(10_000, limits.PageResults);
        Assert.Equal(TimeSpan.FromSeconds(20), limits.PageWait);
        Assert.Equal(100, limits.RequestIds);
        Assert.Equal(67_108_864, limits.FetchByIdBytes);
        Assert.Equal(100_000, limits.DetailedRequests);
        Assert.Equal(1_000, limits.ListedBatches);
        Assert.Equal(TimeSpan.FromMinutes(5), limits.SubmissionTime);
        Assert.Equal(TimeSpan.FromSeconds(15), limits.SenderStall);
        Assert.Equal(167_772_160, limits.ReceivingBytes);
        Assert.Equal(83_886_080, limits.ReceivingBytesPerOwner);
        Assert.Equal(67_108_864, limits.AnswerBytes);
        Assert.Equal(33_554_432, limits.AnswerBytesPerOwner);
        Assert.Equal(10_000, limits.Connections);
        Assert.Equal(2_500, limits.ConnectionsPerAddress);
        Assert.Equal(TimeSpan.FromMinutes(1), limits.ReaderStall);
        Assert.Equal(TimeSpan.FromSeconds(5), limits.ResetWindow);
        Assert.Equal(4_096, limits.ReaderMinRate);
        Assert.Equal(100_663_296, limits.ReplyBytes);
        Assert.Equal(25_165_824, limits.ReplyBytesPerOwner);
        Assert.Equal(67_108_864, limits.WaitingBytes);
        Assert.Equal(67_108_864, limits.UncommittedBytes);
        Assert.Equal(8_388_608, limits.ResultCacheBytes);
        Assert.Equal(8_388_608, limits.RequestCacheBytes);

        var quotas = options.Quotas;
        Assert.Equal(10_000, quotas.Batches);
        Assert.Equal(2_000_000, quotas.Requests);
        Assert.Equal(17_179_869_184, quotas.StoredBytes);
        Assert.Equal(10_000, quotas.CallsPerSecond);
        Assert.Equal(20_000, quotas.CallBurst);
        Assert.Equal(1_000, quotas.Streams);
        Assert.Equal(256, quotas.KeyedBatches);

        var headers = options.Headers;
        Assert.Empty(headers.Denied);
        Assert.Equal(ClientAddressField.XForwardedFor, headers.ClientAddress);
        Assert.False(headers.SetCookie);

        var upstream = new UpstreamOptions();
        Assert.Equal("/", upstream.Prefix);
        Assert.Null(upstream.BaseAddress);
        Assert.Equal(64, upstream.MaxConcurrency);
        Assert.Equal(75, upstream.OwnerPercent);
        Assert.False(upstream.LimitsByAddress);
        Assert.True(upstream.ForwardCredential);
        Assert.Null(upstream.Tls.ClientCertificate);
        Assert.Null(upstream.Tls.ClientKey);
        Assert.Null(upstream.Tls.RootCertificates);
        Assert.Equal(TimeSpan.FromSeconds(30), upstream.Timeout);
        Assert.Equal(TimeSpan.FromSeconds(10), upstream.ConnectTimeout);
        Assert.True(upstream.AdaptiveConcurrency);
        Assert.Equal(TimeSpan.FromMinutes(1), upstream.MaxPause);
    }
}
