using Batching.Engine.Storage;
using Batching.Storage.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Batching.Storage.Tests;

public class SqliteStoreOptionsTests
{
    [Fact]
    public void Constructor_Called_SetsTheDefaults()
    {
        var options = new SqliteStoreOptions();
        Assert.Equal("data", options.Directory);
        Assert.Null(options.MaxFileBytes);
    }

    [Theory]
    [InlineData("", null, "Directory must name a directory.")]
    [InlineData(" ", null, "Directory must name a directory.")]
    [InlineData("data", 1048575L, "MaxFileBytes must be at least 1048576, or unset.")]
    [InlineData("data", -1L, "MaxFileBytes must be at least 1048576, or unset.")]
    public void Validate_OutOfBounds_NamesTheOption(string directory, long? maxFileBytes, string expected)
    {
        using var services = Services(directory, maxFileBytes);
        var error = Assert.Throws<OptionsValidationException>(() => services.GetRequiredService<IBatchStore>());
        Assert.Equal([expected], error.Failures);
        error = Assert.Throws<OptionsValidationException>(() => SqliteStores.Create(directory, maxFileBytes));
        Assert.Equal([expected], error.Failures);
    }

    [Fact]
    public async Task AddSqliteBatchStore_Resolved_OpensInTheDirectory()
    {
        using var directory = new TemporaryDirectory();
        await using var services = Services(directory.File("store"), SqliteStoreOptions.MinMaxFileBytes);
        var store = services.GetRequiredService<IBatchStore>();
        Assert.False(Directory.Exists(directory.File("store")));
        await store.OpenAsync(default);
        Assert.True(File.Exists(directory.File("store/batch.db")));
    }

    private static ServiceProvider Services(string directory, long? maxFileBytes) => new ServiceCollection()
        .AddSingleton(typeof(ILogger<>), typeof(NullLogger<>))
        .AddSqliteBatchStore(options =>
        {
            options.Directory = directory;
            options.MaxFileBytes = maxFileBytes;
        })
        .BuildServiceProvider();
}
